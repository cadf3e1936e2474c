package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/record"
)

// ReviewConfig says how reviews are made, and who sees all of them beside auditors.
type ReviewConfig struct {
	Security   []string       // groups
	Zone       *time.Location // where people work; nil is UTC
	Team       string         // the attribute of a person that names their team; "" is none
	Thresholds review.Thresholds
}

// reviewsLedger keeps reviews, and what people said of their findings.
type reviewsLedger interface {
	record.Ledger
	KeepReview(ctx context.Context, r ledger.KeptReview, e access.Event) (bool, error)
	ReviewUntil(ctx context.Context, until time.Time) (ledger.KeptReview, access.Event, error)
	ReviewEnds(ctx context.Context, most int) ([]time.Time, error)
	Marks(ctx context.Context, before time.Time) ([]access.Event, error)
}

// reviews makes the weekly review, keeps it, and shows it to those whom it is for.
type reviews struct {
	config    ReviewConfig
	ledger    reviewsLedger
	keys      record.Verifier
	contracts Contracts
	proposed  string // the contract under which contracts are proposed
	roles     roles
	events    eventAppender
	refused   refusals
	log       logrus.FieldLogger
	now       clock

	making sync.Mutex // one at a time: it takes a processor for as long as it lasts
}

// maxReviewed is the longest period of a review that somebody asks for.
const maxReviewed = 366 * 24 * time.Hour

// MakeReview makes a review of the requests since a time, and keeps nothing. Auditors and
// security see all of it, owners what is about their contracts. Errors are CodeForbidden for
// everybody else, CodeInvalid for a period that is none, and CodeThrottled while another
// review is made here.
func (v *reviews) MakeReview(ctx context.Context, by access.Actor, since time.Time) (review.Report, error) {
	if err := v.mayRead(ctx, by); err != nil {
		return review.Report{}, err
	}
	now := v.now()
	switch {
	case !since.Before(now):
		return review.Report{}, access.InvalidField("since_ahead", "since", "a review looks back: say a time before now")
	case now.Sub(since) > maxReviewed:
		return review.Report{}, access.InvalidField("since_too_early", "since", "a review looks back a year at the most")
	case !v.making.TryLock():
		return review.Report{}, access.Refuse(access.CodeThrottled, "review_under_way", "another review is being made here; try again in a minute")
	}
	defer v.making.Unlock()
	report, _, err := v.make(ctx, review.Period{From: since, To: now, Zone: v.config.Zone})
	return v.shown(by.Person, report), err
}

// KeptReview returns the newest kept review whose period ends at a time or before, with what
// people have said of its findings by now; the same people see it.
func (v *reviews) KeptReview(ctx context.Context, by access.Actor, until time.Time) (review.Report, error) {
	if err := v.mayRead(ctx, by); err != nil {
		return review.Report{}, err
	}
	report, err := v.kept(ctx, until)
	return v.shown(by.Person, report), err
}

// ReviewEnds returns until when there are kept reviews, the newest first, a year's at the
// most.
func (v *reviews) ReviewEnds(ctx context.Context, by access.Actor) ([]time.Time, error) {
	if err := v.mayRead(ctx, by); err != nil {
		return nil, err
	}
	return v.ledger.ReviewEnds(ctx, 53)
}

// seesAll reports whether somebody sees every finding.
func (v *reviews) seesAll(p access.Person) bool {
	return v.roles.isAuditor(p) || p.InAnyGroup(v.config.Security...)
}

// owned returns the owners of contracts in force in whose group somebody is.
func (v *reviews) owned(p access.Person) (out []string) {
	for _, owner := range v.contracts.Current().Owners() {
		if p.InAnyGroup(owner) {
			out = append(out, owner)
		}
	}
	return out
}

func (v *reviews) mayRead(ctx context.Context, by access.Actor) error {
	if v.ReadsReviews(by.Person) {
		return nil
	}
	return v.refused.record(ctx, by, "", access.ActReadReviews,
		access.Refuse(access.CodeForbidden, "no_review_for_you", "only auditors, security (server.review.security) and the owners of contracts read reviews"))
}

// shown returns what of a report somebody may see.
func (v *reviews) shown(p access.Person, r review.Report) review.Report {
	if v.seesAll(p) {
		return r
	}
	return r.For(v.owned(p)...)
}

// make makes a report, with what became of the last one that was kept.
func (v *reviews) make(ctx context.Context, period review.Period) (review.Report, bool, error) {
	last, err := v.kept(ctx, period.To.Add(-time.Microsecond))
	in := record.Input{Period: period, Thresholds: v.config.Thresholds, Contracts: v.contracts.Current(), Files: v.contracts.Files(), Proposals: v.proposed, Now: v.now()}
	switch {
	case err == nil:
		in.Last = &last
	case access.CodeOf(err) != access.CodeNotFound:
		v.log.WithError(err).Error("the last review cannot be read; this one does not say what became of it")
	}
	if in.Marks, err = v.ledger.Marks(ctx, time.Time{}); err != nil {
		return review.Report{}, false, err
	}
	owners := map[string]string{}
	for _, c := range in.Contracts.Contracts {
		owners[c.Name] = c.Owner
	}
	reader := &record.Reader{Ledger: v.ledger, Keys: v.keys, TeamAttribute: v.config.Team, Owner: func(contract string) string { return owners[contract] }}
	return reader.Report(ctx, in)
}

// kept returns the newest kept review until a time, with what people said of it by now.
func (v *reviews) kept(ctx context.Context, until time.Time) (review.Report, error) {
	out, err := v.written(ctx, until)
	if err != nil {
		return out, err
	}
	events, err := v.ledger.Marks(ctx, time.Time{})
	if err != nil {
		return review.Report{}, err
	}
	marks := record.MarksOf(events)
	for i := range out.Findings {
		if m, there := marks[out.Findings[i].ID]; there {
			out.Findings[i].Mark = &m
		}
	}
	return out, nil
}

// written returns the newest kept review until a time as it was made, if it is the one that
// the log tells of.
func (v *reviews) written(ctx context.Context, until time.Time) (out review.Report, err error) {
	kept, told, err := v.ledger.ReviewUntil(ctx, until)
	if err != nil {
		return out, err
	}
	if digestOf(kept.Report) != access.ReviewMadeOf(told).Digest {
		return out, access.Refuse(access.CodeEvidence, "review_altered", "the review that ends at %s is not the one that was made: somebody changed it in the database", access.FormatTime(kept.Until))
	}
	if err := strictjson.UnmarshalOpen(kept.Report, &out); err != nil {
		return out, access.Errorf(access.CodeEvidence, "the review that ends at %s cannot be read: %w", access.FormatTime(kept.Until), err)
	}
	return out, nil
}

func digestOf(report []byte) string {
	sum := sha256.Sum256(report)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// The text that a mark has.
const (
	minMarkReason = 10 // letters and digits
	maxMarkReason = 1000
)

// MarkFinding records what somebody says of a finding of the newest kept review: that it is
// accepted, dismissed for a reason, or fixed. Nobody marks a finding about themselves, under
// whichever account, and only people do (docs/threats.md, case 130). It returns the finding
// with its mark. Errors are CodeNotFound for a finding that the review does not have or does
// not show them, CodeForbidden, and CodeInvalid.
func (v *reviews) MarkFinding(ctx context.Context, by access.Actor, id string, kind review.MarkKind, reason string) (review.Finding, error) {
	reason = strings.TrimSpace(reason)
	if err := v.mayRead(ctx, by); err != nil {
		return review.Finding{}, err
	}
	if !slices.Contains([]review.MarkKind{review.Accepted, review.Dismissed, review.Fixed}, kind) {
		return review.Finding{}, access.InvalidField("unknown_mark", "mark", "a finding is marked as accepted, dismissed or fixed")
	}
	if err := checkText("reason", reason); err != nil {
		return review.Finding{}, err
	}
	if n := access.LettersAndDigits(reason); kind != review.Fixed && n < minMarkReason || len([]rune(reason)) > maxMarkReason {
		return review.Finding{}, access.InvalidField("reason_length", "reason", "say why, in %d letters and digits at least and %d characters at most", minMarkReason, maxMarkReason)
	}
	report, err := v.kept(ctx, v.now())
	if err != nil {
		return review.Finding{}, err
	}
	f, there := v.shown(by.Person, report).Find(id)
	if !there {
		return review.Finding{}, access.Refuse(access.CodeNotFound, "unknown_finding", "the newest review has no finding %s for you", access.Clip(id, 40))
	}
	if isAbout(f, by.Person) {
		return review.Finding{}, v.refused.record(ctx, by, "", access.ActMarkFinding,
			access.Refuse(access.CodeForbidden, "own_finding", "this finding is about you: somebody else has to look at it"))
	}
	if m := f.Mark; m != nil && m.By == by.Person.ID && m.Kind == kind && m.Reason == reason {
		return f, nil // sent again by somebody who had no response
	}
	e := by.Event(access.EventFindingMarked, v.now())
	e.Message, e.Detail[record.DetailFinding], e.Detail[record.DetailMark] = reason, f.ID, string(kind)
	e.Detail["kind"], e.Detail["contract"] = string(f.Kind), f.Contract
	if err := v.events.AppendEvent(ctx, e); err != nil {
		return review.Finding{}, err
	}
	f.Mark = &review.Mark{Kind: kind, By: by.Person.ID, Reason: reason, At: e.At}
	return f, nil
}

// isAbout reports whether a finding is about somebody, under any of their accounts.
func isAbout(f review.Finding, p access.Person) bool {
	return slices.ContainsFunc(f.People, func(id string) bool {
		return slices.ContainsFunc(p.Identities(), func(mine string) bool { return access.FoldID(mine) == access.FoldID(id) })
	})
}

// reviewEvery is how often it is looked whether a week is over of which there is no review,
// and reviewAgain how long after one could not be made.
const (
	reviewEvery = time.Minute
	reviewAgain = 15 * time.Minute
)

// KeepReviews makes and keeps the review of each week until ctx ends. Every server does, and
// the ledger takes the first: a server has the contracts and the keys, and needs no leader.
func (v *reviews) KeepReviews(ctx context.Context) {
	tick := time.NewTicker(reviewEvery)
	defer tick.Stop()
	var notBefore time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := v.now()
		if now.Before(notBefore) {
			continue
		}
		if _, err := v.keepWeek(ctx, now); err != nil && ctx.Err() == nil {
			v.log.WithError(err).Error("the weekly review could not be made; it is tried again")
			notBefore = now.Add(reviewAgain)
		}
	}
}

// keepWeek makes the review of the last whole week, if there is none, and reports whether it
// was kept. A ledger without requests until then needs none.
func (v *reviews) keepWeek(ctx context.Context, now time.Time) (bool, error) {
	until := endOfWeek(now.Add(-time.Hour), v.config.Zone) // what other servers' clocks call that week is in by then
	ends, err := v.ledger.ReviewEnds(ctx, 1)
	if err != nil || len(ends) > 0 && !ends[0].Before(until) {
		return false, err
	}
	v.making.Lock()
	defer v.making.Unlock()
	report, some, err := v.make(ctx, review.Period{From: weekBefore(until, v.config.Zone), To: until, Zone: v.config.Zone})
	if err != nil || !some {
		return false, err
	}
	b, err := json.Marshal(report)
	if err != nil {
		return false, err
	}
	said := access.ReviewMade{Since: report.Period.From, Until: until, Findings: len(report.Findings), ByOwner: map[string]int{}, Security: v.config.Security, Digest: digestOf(b)}
	for _, f := range report.Findings {
		if f.Owner != "" {
			said.ByOwner[f.Owner]++
		}
	}
	return v.ledger.KeepReview(ctx, ledger.KeptReview{From: report.Period.From, Until: until, Report: b}, said.Event())
}

// endOfWeek returns the latest Monday at midnight in a zone, not after a time; in UTC.
func endOfWeek(now time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	at := now.In(zone)
	return time.Date(at.Year(), at.Month(), at.Day()-(int(at.Weekday())+6)%7, 0, 0, 0, 0, zone).UTC()
}

// weekBefore returns the Monday before one; weeks with a change of the clocks are an hour
// longer or shorter.
func weekBefore(until time.Time, zone *time.Location) time.Time {
	return endOfWeek(until.Add(-time.Hour), zone)
}
