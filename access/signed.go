package access

import (
	"cmp"
	"slices"
	"time"
)

// Signed is what was signed about one request, each signature verified. What may
// be open for the request, and until when, follows from it and from nothing else:
// not from a workflow's state, and not from a column of the ledger. The worker asks
// it before it opens, extends, mints and restores, and the offline verifier
// afterwards.
type Signed struct {
	Plan       Plan // with its digest
	Decisions  []Decision
	Extensions []ExtensionOrder
	// ExtensionDecisions are on orders to extend, each on the digest of one.
	ExtensionDecisions []Decision
	Ends               []EndOrder
	Confirmations      []Confirmation
	Openings           []Receipt // of kind ReceiptOpened, by workers that are trusted
	// Directory says what has become of those who decided; the zero snapshot leaves
	// decisions as they were signed.
	Directory DirectorySnapshot
}

// AsOf returns what had been signed at a time.
func (s Signed) AsOf(at time.Time) Signed {
	s.Decisions = madeBy(at, s.Decisions, func(d Decision) time.Time { return d.At })
	s.Extensions = madeBy(at, s.Extensions, func(o ExtensionOrder) time.Time { return o.At })
	s.ExtensionDecisions = madeBy(at, s.ExtensionDecisions, func(d Decision) time.Time { return d.At })
	s.Ends = madeBy(at, s.Ends, func(o EndOrder) time.Time { return o.At })
	s.Confirmations = madeBy(at, s.Confirmations, func(c Confirmation) time.Time { return c.At })
	s.Openings = madeBy(at, s.Openings, func(r Receipt) time.Time { return r.At })
	return s
}

func madeBy[T any](at time.Time, list []T, made func(T) time.Time) (out []T) {
	for _, v := range list {
		if !made(v).After(at) {
			out = append(out, v)
		}
	}
	return out
}

// AsApproved returns the plan as the approvals left it: see Plan.Narrowed.
func (s Signed) AsApproved() Plan {
	approved, _, _ := s.settled()
	if approved.IsZero() {
		return s.Plan
	}
	return s.Plan.Narrowed(s.Decisions, approved)
}

// Term returns when one grant of the request may be open.
func (s Signed) Term(grant string) Term {
	approved, denied, tally := s.settled()
	t := Term{Tally: tally, Approved: approved, Stopped: s.stopped(denied), notAfter: s.Plan.NotAfter}
	if t.Approved.IsZero() {
		return t
	}
	s.Plan = s.Plan.Narrowed(s.Decisions, t.Approved)
	t.duration = s.Plan.Duration.Std()
	t.Opens, t.confirmed = t.Approved, true
	if at := s.Plan.StartAt; at != nil && at.After(t.Approved) {
		t.Opens, t.scheduled, t.confirmed = *at, true, slices.ContainsFunc(s.Confirmations, s.confirms)
	}
	t.OpenBy = t.Opens.Add(ActWithin)
	t.First = t.cap(t.OpenBy.Add(t.duration))
	opened := s.openedUntil(grant, t.First)
	if opened != nil {
		t.First = *opened
	}
	t.Until, t.orders = s.extended(t, opened != nil)
	return t
}

// settled returns when the decisions first satisfied the rule, who first denied it,
// and what all of them add up to. Those of one instant are taken together, and of
// one person's the denial stands, so that the order in which they are given makes no
// difference.
func (s Signed) settled() (satisfied time.Time, denied *Stop, tally Tally) {
	byTime := slices.SortedStableFunc(slices.Values(s.Directory.FilterDecisions(s.Plan, s.Decisions)), func(a, b Decision) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Verdict, b.Verdict)) // approve comes before deny
	})
	if tally, _ = s.Plan.Rule.Tally(s.Plan, s.Plan.Digest, nil); tally == TallySatisfied {
		satisfied = s.Plan.CreatedAt // approved by the contract itself
	}
	for n, d := range byTime {
		if n+1 < len(byTime) && byTime[n+1].At.Equal(d.At) {
			continue
		}
		tally, _ = s.Plan.Rule.Tally(s.Plan, s.Plan.Digest, byTime[:n+1])
		switch {
		case tally == TallySatisfied && satisfied.IsZero():
			satisfied = d.At
		case tally == TallyDenied && denied == nil:
			denied = &Stop{At: d.At, By: d.Approver.ID, Outcome: OutcomeRevoked}
		}
	}
	return satisfied, denied, tally
}

// stopped returns what first stopped the request; nil if nothing did.
func (s Signed) stopped(first *Stop) *Stop {
	for _, o := range s.Ends {
		if o.RequestID == s.Plan.RequestID && (first == nil || o.At.Before(first.At)) {
			first = &Stop{At: o.At, By: o.By, Outcome: o.Kind.Outcome()}
		}
	}
	return first
}

// confirms reports whether c confirms the planned start: it was made then, and
// nothing is missing here that it lists. What is here and not in it came later.
func (s Signed) confirms(c Confirmation) bool {
	if c.RequestID != s.Plan.RequestID || c.PlanDigest != s.Plan.Digest {
		return false
	}
	if c.At.Before(s.Plan.StartAt.Add(-ConfirmAhead)) || c.At.After(s.Plan.StartAt.Add(ActWithin)) {
		return false
	}
	here := DecisionKeys(s.Decisions)
	return !slices.ContainsFunc(c.Decisions, func(key string) bool { return !slices.Contains(here, key) })
}

// DecisionKeys returns the keys of decisions, sorted, each once.
func DecisionKeys(decisions []Decision) []string {
	keys := make([]string, 0, len(decisions))
	for _, d := range decisions {
		keys = append(keys, KeyDecision(d))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// openedUntil returns the end with which a worker signed that it opened the grant,
// the first time that it did; nil if none did.
func (s Signed) openedUntil(grant string, latest time.Time) *time.Time {
	var first *Receipt
	for i, r := range s.Openings {
		if r.RequestID == s.Plan.RequestID && r.Grant == grant && r.ExpiresAt != nil && !r.ExpiresAt.After(latest) &&
			(first == nil || r.At.Before(first.At)) {
			first = &s.Openings[i]
		}
	}
	if first == nil {
		return nil
	}
	return first.ExpiresAt
}

// span is access from when its time began until an end.
type span struct{ start, end time.Time }

// extended returns the latest end that the orders to extend lead to, and which of
// them fit: each starts from an end that the ones before it lead to, so that the
// same order again leads nowhere. When an extension failed half way it is ordered
// anew, from the same end and under the same number: then there are several ends,
// and the next order starts from one of them. Where no receipt says with which end
// the grant was opened, it is the one that the first order names, if that is not
// too late.
func (s Signed) extended(t Term, exact bool) (until time.Time, fit []bool) {
	until, fit = t.First, make([]bool, len(s.Extensions))
	if s.Plan.Extend == nil {
		return until, fit
	}
	from := func(end time.Time) span { return span{end.Add(-t.duration).UTC(), end.UTC()} }
	reached := []span{from(t.First)}
	for _, o := range s.Extensions {
		if first := from(o.From); !exact && o.Number == 1 && !o.From.After(t.First) && !slices.Contains(reached, first) {
			reached = append(reached, first)
		}
	}
	for n := 1; n <= s.Plan.Extend.Times && len(reached) > 0; n++ {
		var next []span
		for i, o := range s.Extensions {
			if o.Number != n {
				continue
			}
			approved, _ := s.ExtensionApproved(o)
			if approved.IsZero() || t.Stopped != nil && approved.After(t.Stopped.At.Add(ClockSkew)) {
				continue
			}
			for _, r := range reached {
				to := span{r.start, o.From.Add(o.Adds.Std()).UTC()}
				if !o.startsFrom(r.end) || s.Plan.AllowsExtension(o, to.end.Sub(to.start)) != nil {
					continue
				}
				fit[i] = true
				if !slices.Contains(next, to) {
					next = append(next, to)
				}
				if to.end.After(until) {
					until = to.end
				}
			}
		}
		reached = next
	}
	return until, fit
}

// startsFrom reports whether the order starts from an end. Of the grants of one request
// one may end a little before the others, where the clock of its worker is behind; the
// first order names the earliest.
func (o ExtensionOrder) startsFrom(end time.Time) bool {
	return o.From.Equal(end) || o.Number == 1 && o.From.Before(end) && end.Sub(o.From) <= ClockSkew
}

// CheckExtension returns why one of the orders to extend, which is among the
// statements, leads nowhere for a grant.
func (s Signed) CheckExtension(grant string, o ExtensionOrder) error {
	t, plan := s.Term(grant), s.AsApproved()
	if err := plan.AllowsExtension(o, o.From.Add(o.Adds.Std()).Sub(t.First.Add(-t.duration))); err != nil {
		return err
	}
	if approved, tally := s.ExtensionApproved(o); approved.IsZero() {
		return Refuse(CodeEvidence, IssueExtensionUndecided, "extension %d is not approved (%s)", o.Number, tally)
	}
	for i, fits := range t.orders {
		if fits && s.Extensions[i].Number == o.Number && s.Extensions[i].From.Equal(o.From) && s.Extensions[i].Adds == o.Adds {
			return nil
		}
	}
	return Refuse(CodeEvidence, IssueExtendsNothing, "extension %d starts from %s, which is no end of this access, or was ordered after the access was ended",
		o.Number, FormatTime(o.From))
}

// CheckExtensions returns why one of the orders to extend leads nowhere for a grant.
// One that people did not approve leads nowhere, as it should.
func (s Signed) CheckExtensions(grant string) error {
	for _, o := range s.Extensions {
		if approved, _ := s.ExtensionApproved(o); approved.IsZero() && s.Plan.checkOrder(o.RequestID, o.PlanDigest, o.By) == nil {
			continue
		}
		if err := s.CheckExtension(grant, o); err != nil {
			return err
		}
	}
	return nil
}
