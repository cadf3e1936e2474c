package access

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The actors of events that no person caused.
const (
	ActorRamp       = "ramp"            // a workflow or a worker
	ActorReconciler = "ramp-reconciler" // the reconciler or a sweep
	ActorTemporal   = "temporal"        // somebody who cancelled the workflow in Temporal
	ActorSCIM       = "scim"            // the identity provider, through SCIM
	ActorDirectory  = "directory"       // the server, acting on what the directory says
	ActorContract   = "contract"        // the server, acting on a condition of the plan (endWhen)
)

// Act names what somebody tried to do, in events about acts that were refused.
type Act string

const (
	ActRequest       Act = "request"
	ActDecide        Act = "decide"
	ActCancel        Act = "cancel"
	ActRelease       Act = "release"
	ActRevoke        Act = "revoke"
	ActExtend        Act = "extend"
	ActReview        Act = "review"
	ActPickUp        Act = "pick_up"
	ActOpen          Act = "open"
	ActRecord        Act = "record"        // a transition, in the ledger
	ActEnrolPasskey  Act = "enrol_passkey" // #nosec G101 -- a name
	ActDecode        Act = "decode_payload"
	ActReadAudit     Act = "read_audit"
	ActLinkAccount   Act = "link_account"
	ActUnlink        Act = "unlink_account"
	ActLinkExternal  Act = "link_external_user"
	ActExternal      Act = "external_act" // what could not even be read as an act of somebody's
	ActContracts     Act = "read_contracts"
	ActChooseNotices Act = "choose_notices"
	ActPropose       Act = "propose_contracts"
	ActReadReviews   Act = "read_reviews"
	ActMarkFinding   Act = "mark_finding"
)

// Of returns the act together with what it was about: "open ramp-…-a".
func (a Act) Of(subject string) Act { return a + Act(" "+Clip(subject, 60)) }

// The keys of events that happen once in the life of a request. A workflow, an
// activity and the reconciler may all record the same event: with the same key
// it is recorded once.
const (
	KeyCreated   = "created"
	KeyGlass     = "glass-broken"
	KeyReviewed  = "reviewed"
	KeyApproved  = "approved"
	KeyScheduled = "scheduled"
	KeyActive    = "active"
	KeyEnding    = "ending"
	KeyOverdue   = "overdue"
	KeyEnded     = "ended"
)

// KeyFinal returns the key of the event that ends a request which never opened
// anything.
func KeyFinal(s State) string { return string(s) }

// KeyDecision returns the key of a recorded decision, and of its statement.
func KeyDecision(d Decision) string {
	return fmt.Sprintf("decision-%s-%s-%d", d.Approver.HumanID(), d.Verdict, d.At.UnixMicro())
}

// KeyExtended returns the key of the n-th extension, from 1.
func KeyExtended(n int) string { return fmt.Sprintf("extended-%d", n) }

// KeyExtensionOrder returns the key of the statement that ordered the n-th
// extension. It includes the order's digest: when the first attempt fails, the
// next order has the same number and is another statement.
func KeyExtensionOrder(n int, digest string) string { return fmt.Sprintf("extension %d %s", n, digest) }

// KeyAskedPrefix begins the keys of orders to extend that people decide, and of their
// decisions. A worker that makes an extension stores the order under its own key, so
// that what was only asked for counts as no extension.
const KeyAskedPrefix = "asked-"

// KeyExtensionAsked returns the key of an order to extend that people decide.
func KeyExtensionAsked(o ExtensionOrder) string {
	return fmt.Sprintf("%sextension %d %s", KeyAskedPrefix, o.Number, o.Digest)
}

// KeyExtensionDecision returns the key of a decision on an order to extend.
func KeyExtensionDecision(d Decision) string {
	return KeyAskedPrefix + KeyDecision(d) + " " + d.PlanDigest
}

// KeyEndPrefix begins the keys of orders to end, and of nothing else.
const KeyEndPrefix = "end "

// KeyEnd returns the key of an order to end, and of its statement: one person's
// second order of a kind is the first one again.
func KeyEnd(o EndOrder) string { return KeyEndPrefix + string(o.Kind) + " " + o.By }

// KeyConditionUnknown returns the key of the event that a condition could not be
// evaluated, for the n-th time, from 1.
func KeyConditionUnknown(condition, n int) string {
	return unknownPrefix(condition) + strconv.Itoa(n)
}

// unknownPrefix is what the keys of all times for which a condition was unknown begin with.
func unknownPrefix(condition int) string { return fmt.Sprintf("condition %d unknown ", condition) }

// KeyConditionKnown returns the key of the event that the same condition could be evaluated
// again.
func KeyConditionKnown(condition, n int) string {
	return fmt.Sprintf("condition %d known %d", condition, n)
}

// KeyConfirmation is the key of the statement that confirms a planned start.
const KeyConfirmation = "confirmation"

// KeyMinted returns the key of a credential that a pick-up order minted.
func KeyMinted(grant string, ordered time.Time) string {
	return fmt.Sprintf("minted-%s-%d", grant, ordered.UnixNano())
}

// KeyGrant returns the key of an event that happens once to a grant.
func KeyGrant(kind EventKind, grant string) string { return string(kind) + " " + grant }

// KeyClosed returns the key of the event that a grant was closed, after it was reopened so
// often.
func KeyClosed(grant string, reopened int) string {
	key := KeyGrant(EventGrantClosed, grant)
	if reopened > 0 {
		key += " again " + strconv.Itoa(reopened)
	}
	return key
}

// KeyReopened returns the key of the event that the closing of a grant was undone, for the
// n-th time, from 1.
func KeyReopened(grant string, n int) string {
	return KeyGrant(EventAccessReopened, grant) + " " + strconv.Itoa(n)
}

// KeyReceipt returns the key of the statement that is a worker's receipt.
func KeyReceipt(kind ReceiptKind, grant string) string { return string(kind) + " " + grant }

// KeyGrantPartly returns the key of the event that a grant is open, or has ended, except on
// the named parts of its target.
func KeyGrantPartly(grant, done string, missing []string) string {
	return fmt.Sprintf("%s %s %s %s", EventGrantPartly, done, grant, strings.Join(missing, " "))
}

// KeyGrantJoined returns the key of the event that a grant is open on the named parts of its
// target by now.
func KeyGrantJoined(grant string, joined []string) string {
	return fmt.Sprintf("%s %s %s", EventGrantJoined, grant, strings.Join(joined, " "))
}

// KeyRefused returns the key of a refused act.
func KeyRefused(act Act, message string) string { return "refused " + string(act) + " " + message }

// KeyAltered returns the key of the event about a record that was changed.
func KeyAltered(message string) string { return "altered " + message }

// KeyReviewMade returns the key of the event about the review of the period that ends at a
// time.
func KeyReviewMade(until time.Time) string { return "review until " + FormatTime(until) }

// KeyReviewOverdue returns the key of the event that says on a day, of UTC, that the review of
// the period that ends at a time could not be made.
func KeyReviewOverdue(until, now time.Time) string {
	return "review overdue " + FormatTime(until) + " " + now.UTC().Format(time.DateOnly)
}

// KeyInvalidated returns the key of the event about approvals that no longer
// count.
func KeyInvalidated(message string) string { return "invalidated " + message }
