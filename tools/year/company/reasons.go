package company

import (
	"fmt"
	"strings"
)

var (
	verbs   = []string{"look into", "compare", "repair", "check", "count", "find out about", "verify", "correct", "clean up", "follow up on", "reproduce", "measure"}
	objects = []string{"orders that are stuck", "refunds without a payment", "the slow query of the report", "duplicates of customers", "a failed import", "disk usage of the replica", "timeouts of the gateway",
		"expired certificates", "missing invoices", "the queue that does not drain", "wrong prices", "a deploy that hangs", "log-in failures", "stale caches", "the migration of last night"}
	places = []string{"in the north region", "of yesterday", "for the audit", "after the release", "of one merchant", "for support", "in staging's copy", "since Monday", "as agreed in the stand-up", "of the last quarter"}
	// lazy are reasons that say nothing.
	lazy = []string{"need access for work", "debugging production", "as discussed with the team", "daily work on production", "checking something quickly"}
	// weekly is what somebody does each Monday, and says so in the same words.
	weekly = []string{"weekly report of refunds for finance", "Monday's check of backups", "rotate the weekly sample for quality", "weekly reconciliation of payouts"}
)

// reason draws what somebody writes, and the ticket that they name, if any.
func (y *year) reason(d dice) (text, ticket string) {
	if d.chance(0.03) {
		return one(d, lazy), ""
	}
	text = one(d, verbs) + " " + one(d, objects) + " " + one(d, places)
	if d.chance(0.55) {
		ticket = fmt.Sprintf("OPS-%d", d.number(1000, 9999))
		text += ", " + ticket
	}
	if d.chance(0.1) { // a detail that nobody else writes
		text += fmt.Sprintf(" (number %d)", d.number(100_000, 999_999))
	}
	return strings.ToUpper(text[:1]) + text[1:], ticket
}
