package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
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
	ReviewMade(ctx context.Context, until time.Time) ([]access.Event, error)
	ReviewUntil(ctx context.Context, until time.Time) (ledger.KeptReview, access.Event, error)
	ReviewEnds(ctx context.Context, most int) ([]time.Time, error)
	Marks(ctx context.Context, before time.Time) ([]access.Event, error)
	EverLinked(ctx context.Context, people ...string) ([]ledger.ExternalUser, error)
}

// reviews makes the weekly review, keeps it, and shows it to those whom it is for.
type reviews struct {
	config    ReviewConfig
	ledger    reviewsLedger
	keys      record.Verifier
	contracts Contracts
	directory access.Directory // nil: none
	audit     *auditor         // holds what is read against the signed log
	proposed  string           // the contract under which contracts are proposed
	roles     roles
	events    eventAppender
	refused   refusals
	log       logrus.FieldLogger
	now       clock

	making  sync.Mutex  // one at a time: it takes a processor for as long as it lasts
	overdue atomic.Bool // the last week's review is not there, a day after its end
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
	var altered []string
	if in.Marks, altered, err = v.marks(ctx); err != nil {
		return review.Report{}, false, err
	}
	owners := map[string]string{}
	for _, c := range in.Contracts.Contracts {
		owners[c.Name] = c.Owner
	}
	reader := &record.Reader{Ledger: v.ledger, Keys: v.keys, TeamAttribute: v.config.Team, Owner: func(contract string) string { return owners[contract] },
		Checkpoint: func(ctx context.Context) (evidence.Checkpoint, error) {
			at, _, err := v.audit.checkpoint(ctx)
			return at, err
		}}
	report, some, err := reader.Report(ctx, in)
	report.Say(altered...)
	return report, some, err
}

// kept returns the newest kept review until a time, with what people said of it by now.
func (v *reviews) kept(ctx context.Context, until time.Time) (review.Report, error) {
	out, err := v.written(ctx, until)
	if err != nil {
		return out, err
	}
	events, altered, err := v.marks(ctx)
	if err != nil {
		return review.Report{}, err
	}
	out.Say(altered...)
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
	if err := v.asRecorded(ctx, told); err != nil {
		return out, err
	}
	if review.Digest(kept.Report) != access.ReviewMadeOf(told).Digest {
		return out, access.Refuse(access.CodeEvidence, "review_altered", "the review that ends at %s is not the one that was made: somebody changed it in the database", access.FormatTime(kept.Until))
	}
	if err := strictjson.UnmarshalOpen(kept.Report, &out); err != nil {
		return out, access.Errorf(access.CodeEvidence, "the review that ends at %s cannot be read: %w", access.FormatTime(kept.Until), err)
	}
	return out, nil
}

// asRecorded refuses an event that is not in the signed log as it is in the database.
func (v *reviews) asRecorded(ctx context.Context, e access.Event) error {
	check := v.audit.verifyTimeline(ctx, []access.Event{e})
	switch {
	case len(check.Altered) > 0:
		return access.Refuse(access.CodeEvidence, "review_altered", "event %d, which tells of the review, is not what the log has: somebody changed it in the database", e.Seq)
	case check.Problem != "":
		return access.Errorf(access.CodeEvidence, "event %d, which tells of the review, cannot be believed: %s", e.Seq, check.Problem)
	}
	return nil
}

// marks returns the events in which people marked findings that the signed log has, and a
// sentence about those that it does not have. Errors are CodeEvidence where the log cannot be
// verified.
func (v *reviews) marks(ctx context.Context) (out []access.Event, altered []string, err error) {
	if out, err = v.ledger.Marks(ctx, time.Time{}); err != nil {
		return nil, nil, err
	}
	check := v.audit.verifyTimeline(ctx, out)
	if check.Problem != "" {
		return nil, nil, access.Errorf(access.CodeEvidence, "what people said of findings cannot be believed: %s", check.Problem)
	}
	if len(check.Altered) == 0 {
		return out, nil, nil
	}
	out = slices.DeleteFunc(out, func(e access.Event) bool { return slices.Contains(check.Altered, e.Seq) })
	return out, []string{fmt.Sprintf("%d marks of findings are not what the log has, and are left out: somebody changed their events in the database.", len(check.Altered))}, nil
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
	about, err := v.isAbout(ctx, f, by.Person)
	if err != nil {
		return review.Finding{}, err
	}
	if about {
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

// isAbout reports whether a finding is about somebody, under any of their accounts: by id,
// by what the directory links, or by address, as access.Person.SameHuman does; or about a user
// of another program whom they linked, at any time. Errors are CodeUnavailable where the
// directory cannot be read, and CodeEvidence where what it records of somebody is not
// believed: then nobody can tell.
func (v *reviews) isAbout(ctx context.Context, f review.Finding, p access.Person) (bool, error) {
	var known access.DirectorySnapshot
	if v.directory != nil {
		var err error
		if known, err = v.directory.DirectorySnapshot(ctx, append(slices.Clone(f.People), p.Identities()...)...); err != nil {
			return false, access.Errorf(access.CodeUnavailable, "whom the finding is about cannot be looked up, since the directory cannot be read: %w", err)
		}
	}
	p, err := accountsOf(known, p)
	if err != nil {
		return false, err
	}
	var linked []ledger.ExternalUser
	if slices.ContainsFunc(f.People, func(id string) bool { return strings.Contains(id, ":") }) {
		if linked, err = v.ledger.EverLinked(ctx, p.Identities()...); err != nil {
			return false, err
		}
	}
	for _, id := range f.People {
		if slices.ContainsFunc(linked, func(u ledger.ExternalUser) bool { return access.FoldID(u.ActorID()) == access.FoldID(id) }) {
			return true, nil
		}
		other, err := accountsOf(known, access.Person{ID: id, Kind: access.KindHuman})
		if err != nil {
			return false, err
		}
		if other.SameHuman(p) {
			return true, nil
		}
	}
	return false, nil
}

// accountsOf returns a person with every further account and the address that a directory
// knows of them.
func accountsOf(known access.DirectorySnapshot, p access.Person) (access.Person, error) {
	p = known.WithAccounts(p)
	for _, one := range p.Identities() {
		if why := known.Unproven[access.FoldID(one)]; why != "" {
			return p, access.Refuse(access.CodeEvidence, "person_unproven", "which accounts are those of %s cannot be told: %s. Have the identity provider write the person again, or an operator the link", access.Clip(one, 100), why)
		}
	}
	if m, there := known.Members[access.FoldID(p.ID)]; there && m.Email != "" {
		p.Email = m.Email
	}
	return p, nil
}
