package notices

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/channel"
)

// Why somebody hears of a weekly review.
const (
	whyOwner    = "your group owns contracts that it has findings about"
	whySecurity = "your group reads reviews of all contracts"
)

// reviewHearers returns the groups that hear of a weekly review, each with how many findings
// it reads there: owners of contracts with findings, and security, of which the event tells.
func reviewHearers(e access.Event) (out []hearer, findings []int) {
	made := access.ReviewMadeOf(e)
	for _, owner := range made.Owners() {
		out, findings = append(out, hearer{Group: owner, Why: whyOwner, Of: e.Kind}), append(findings, made.ByOwner[owner])
	}
	for _, group := range made.Security {
		out, findings = append(out, hearer{Group: group, Why: whySecurity, Of: e.Kind}), append(findings, made.Findings)
	}
	return out, findings
}

// handleReview writes down who hears of a weekly review. The time of its event is the end of
// its week; one that a worker hears of later than a week after that is followed by another.
func (e *Engine) handleReview(ctx context.Context, ev access.Event) (int, error) {
	if e.now().Sub(ev.At) > reviewStale {
		return 0, nil
	}
	hearers, _ := reviewHearers(ev)
	to, err := e.resolver().resolve(ctx, hearers, access.Person{})
	if err != nil {
		return 0, err
	}
	now := e.now().UTC()
	due, err := e.config.Quiet.until(now)
	if err != nil {
		return 0, err
	}
	var list []ledger.Notice
	for _, a := range to {
		list = append(list, ledger.Notice{ID: noticeID(a, ev), Seq: ev.Seq, Kind: ev.Kind, Channel: a.channel, Address: a.address, Why: a.why, CreatedAt: now, DueAt: due})
	}
	return len(list), e.ledger.AddNotices(ctx, list...)
}

// oneReview sends one notice of a weekly review. What it says comes from the event in the
// log and not from the row, and it goes to nobody whom the event does not name.
func (e *Engine) oneReview(ctx context.Context, n ledger.Notice) (sent bool, err error) {
	n.Urgent = false
	found, err := e.ledger.Events(ctx, ledger.EventFilter{After: n.Seq - 1, Limit: 1})
	if err != nil {
		return false, err
	}
	if len(found) == 0 || found[0].Seq != n.Seq || found[0].Kind != access.EventReviewMade {
		return false, e.refuse(ctx, n)
	}
	through, known := e.channels[n.Channel]
	hearers, findings := reviewHearers(found[0])
	most, zone := -1, ""
	for i, h := range hearers {
		to, err := e.resolver().resolve(ctx, []hearer{h}, access.Person{})
		if err != nil {
			return false, err
		}
		if at := slices.IndexFunc(to, func(a addressed) bool { return a.channel == n.Channel && strings.EqualFold(a.address, n.Address) }); at >= 0 {
			most, zone = max(most, findings[i]), to[at].zone
		}
	}
	if !known || most < 0 || !idOfNotice.MatchString(n.ID) {
		return false, e.refuse(ctx, n)
	}
	return e.through(ctx, through, n, e.config.composeReview(n, access.ReviewMadeOf(found[0]), most, e.config.zone(zone)))
}

// composeReview writes a notice of a weekly review. It has numbers alone: what was found, and
// about whom, is read by those who are logged in.
func (c Config) composeReview(n ledger.Notice, made access.ReviewMade, findings int, zone *time.Location) channel.Message {
	l := letter{Head: plaintext.Line(fmt.Sprintf("The weekly review has %s for you", counted(findings, "finding")), maxHead), Link: strings.TrimSuffix(c.Pages, "/") + "/review", Because: n.Why,
		Note: "It is made each Monday, of the four weeks before. Read it on its page, or with `ramp review`.",
		Rows: []row{{Name: "From", Text: readable(made.Since, zone)}, {Name: "Until", Text: readable(made.Until, zone)}}}
	m := channel.Message{ID: n.ID, Thread: "review", Subject: "[Ramp] " + l.Head, Text: l.Text(), HTML: l.HTML()}
	if n.Channel == serviceChannel {
		m.Subject, m.HTML = l.Head, ""
		m.Text = unmarked.Replace(l.Head) + ". " + l.Note + "\n" + l.Link
	}
	return m
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
