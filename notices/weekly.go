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

// reviewHearers returns the groups that hear of a weekly review, of which the event tells:
// owners of contracts with findings, and security.
func reviewHearers(e access.Event) (out []hearer) {
	made := access.ReviewMadeOf(e)
	for _, owner := range made.Owners() {
		out = append(out, hearer{Group: owner, Why: whyOwner, Of: e.Kind})
	}
	for _, group := range made.Security {
		out = append(out, hearer{Group: group, Why: whySecurity, Of: e.Kind})
	}
	return out
}

// part is what of a review an address hears.
type part struct {
	all    bool
	owners []string // whose findings, if not all
}

// findings returns how many of a review's findings are in the part.
func (p part) findings(made access.ReviewMade) (n int) {
	if p.all {
		return made.Findings
	}
	for _, owner := range p.owners {
		n += made.ByOwner[owner]
	}
	return n
}

// handleReview writes down who hears of a weekly review. The time of its event is the end of
// its week; one that a worker hears of later than a week after that is followed by another.
func (e *Engine) handleReview(ctx context.Context, ev access.Event) (int, error) {
	if e.now().Sub(ev.At) > reviewStale {
		return 0, nil
	}
	to, err := e.resolver().resolve(ctx, reviewHearers(ev), access.Person{})
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
	ev := found[0]
	through, known := e.channels[n.Channel]
	var of part
	hears, zone := false, ""
	for _, h := range reviewHearers(ev) {
		to, err := e.resolver().resolve(ctx, []hearer{h}, access.Person{})
		if err != nil {
			return false, err
		}
		at := slices.IndexFunc(to, func(a addressed) bool { return a.channel == n.Channel && strings.EqualFold(a.address, n.Address) })
		if at < 0 {
			continue
		}
		hears, zone = true, to[at].zone
		if h.Why == whySecurity {
			of.all = true
		} else {
			of.owners = append(of.owners, h.Group)
		}
	}
	if !known || !hears || !idOfNotice.MatchString(n.ID) {
		return false, e.refuse(ctx, n)
	}
	l := e.config.reviewLetter(n, access.ReviewMadeOf(ev), of, e.config.zone(zone))
	if n.Channel == serviceChannel {
		return e.through(ctx, through, n, l.reviewShared(n))
	}
	report, problem, err := e.readReport(ctx, ev)
	if err != nil {
		return false, err
	}
	if report == nil {
		l.Rows = append(l.Rows, row{"WARNING", problem, true})
	} else {
		if !of.all {
			*report = report.For(of.owners...)
		}
		l.Tables = reviewTables(*report, l.Link, e.config.ReviewNames)
	}
	m := l.mail(n)
	m.Thread = "review"
	return e.through(ctx, through, n, m)
}

// reviewLetter begins a notice of a weekly review, with numbers alone.
func (c Config) reviewLetter(n ledger.Notice, made access.ReviewMade, of part, zone *time.Location) letter {
	return letter{Head: plaintext.Line(fmt.Sprintf("The weekly review has %s for you", plaintext.Count(of.findings(made), "finding")), maxHead), Link: c.reviewLink(made.Until), Because: n.Why,
		Note: "It is made each Monday, of the four weeks before. Read it on its page, or with ramp review.",
		Rows: []row{{Name: "From", Text: readable(made.Since, zone)}, {Name: "Until", Text: readable(made.Until, zone)}}}
}

// reviewShared is the notice for a channel of a service, which more people read than those whom
// the review concerns: it says how many findings there are, and nothing of them.
func (l letter) reviewShared(n ledger.Notice) channel.Message {
	return channel.Message{ID: n.ID, Thread: "review", Subject: l.Head, Text: unmarked.Replace(l.Head) + ". " + l.Note + "\n" + l.Link}
}
