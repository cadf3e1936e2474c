package company

import (
	"cmp"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// Year is a year of a company's access, and what is wrong in it.
type Year struct {
	From, To  time.Time
	Requests  []review.Request // in the order of AskedAt
	Refusals  []review.Refusal // in the order of At
	Contracts []review.Contract
	Planted   []*Planted
}

// Learned is how many days pass before anything is planted: what a review calls unusual it
// calls so against what was before.
const Learned = 112

// year is a year in the making.
type year struct {
	seed      uint64
	busy      float64
	from, to  time.Time
	length    int // days
	people    []*person
	contracts []*contract
	rushed    map[*person]*habit // who approves within seconds
	asked     int

	requests []*review.Request
	refusals []*review.Refusal
	planted  []*Planted
}

// The streams of a seed.
const (
	companyStream = iota
	plantStream
	ordinaryStream
	incidentStream
	refusalStream
)

// Make makes a year of 52 weeks, which begins on Monday 6 January 2025, UTC. In it people ask
// busy times as often as usual: 1 is some 14,000 requests. Errors are those of a machine that
// knows no time zones.
func Make(seed uint64, busy float64) (Year, error) {
	y := &year{seed: seed, busy: busy, from: time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC), length: 364, rushed: map[*person]*habit{}}
	y.to = y.from.AddDate(0, 0, y.length)
	d := newDice(seed, companyStream)
	if err := y.hire(d); err != nil {
		return Year{}, err
	}
	y.draft(d)
	y.plant(newDice(seed, plantStream))
	y.ordinary(newDice(seed, ordinaryStream))
	y.incidents(newDice(seed, incidentStream))
	y.refuse(newDice(seed, refusalStream))
	return y.done(), nil
}

// done returns the year in the order in which everything happened, with its events numbered.
func (y *year) done() Year {
	out := Year{From: y.from, To: y.to}
	slices.SortStableFunc(y.requests, func(a, b *review.Request) int {
		return cmp.Or(a.AskedAt.Compare(b.AskedAt), cmp.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(y.refusals, func(a, b *review.Refusal) int { return a.At.Compare(b.At) })
	y.number()
	for _, r := range y.requests {
		out.Requests = append(out.Requests, *r)
	}
	for _, r := range y.refusals {
		out.Refusals = append(out.Refusals, *r)
	}
	for _, c := range y.contracts {
		out.Contracts = append(out.Contracts, c.Contract)
	}
	for _, p := range y.planted {
		if len(p.Requests) > 0 || p.lasting {
			out.Planted = append(out.Planted, p)
		}
	}
	return out
}

// AsOf returns what was known at a time: of what people asked for until then, no more than
// had happened.
func (y Year) AsOf(at time.Time) (requests []review.Request, refusals []review.Refusal) {
	for _, r := range y.Requests {
		if !r.AskedAt.Before(at) {
			break
		}
		requests = append(requests, asOf(r, at))
	}
	for _, r := range y.Refusals {
		if !r.At.Before(at) {
			break
		}
		refusals = append(refusals, r)
	}
	return requests, refusals
}

func asOf(r review.Request, at time.Time) review.Request {
	later := func(t time.Time) bool { return !t.IsZero() && !t.Before(at) }
	if later(r.OverdueAt) {
		r.OverdueAt, r.Events.Overdue = time.Time{}, 0
	}
	if g := r.BreakGlass; g != nil && later(g.ReviewedAt) {
		r.BreakGlass, r.Events.Reviewed = &review.BreakGlass{ReviewBy: g.ReviewBy}, 0
	}
	if len(r.Drifts) > 0 && later(r.Drifts[0]) {
		r.Drifts, r.Events.Drifts = nil, nil
	}
	switch {
	case later(r.DecidedAt):
		r.DecidedAt, r.OpenedAt, r.ClosedAt, r.PlannedEnd, r.Decisions = time.Time{}, time.Time{}, time.Time{}, time.Time{}, nil
		r.State, r.Outcome, r.Given, r.Automatic = access.StatePending, "", 0, false
		r.Usage, r.PickedUp, r.Extensions = nil, 0, 0
		r.Events = review.Events{Asked: r.Events.Asked, Glass: r.Events.Glass}
	case later(r.OpenedAt):
		r.OpenedAt, r.ClosedAt, r.PlannedEnd = time.Time{}, time.Time{}, time.Time{}
		r.State, r.Outcome = access.StateApproved, ""
		r.Usage, r.PickedUp, r.Extensions = nil, 0, 0
		r.Events.Opened, r.Events.Closed, r.Events.Minted = 0, 0, nil
	case later(r.ClosedAt):
		r.ClosedAt, r.State, r.Outcome, r.Events.Closed = time.Time{}, access.StateActive, "", 0
		r.Usage = nil
	}
	return r
}
