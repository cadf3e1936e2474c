package company

import (
	"slices"
	"time"
)

// number numbers the events of the year, as a log would.
func (y *year) number() {
	type event struct {
		at time.Time
		as *int64
	}
	var events []event
	note := func(at time.Time, as *int64) {
		if !at.IsZero() {
			events = append(events, event{at, as})
		}
	}
	for _, r := range y.requests {
		e := &r.Events
		note(r.AskedAt, &e.Asked)
		for i := range r.Decisions {
			note(r.Decisions[i].At, &r.Decisions[i].Event)
		}
		note(r.DecidedAt, &e.Decided)
		note(r.OpenedAt, &e.Opened)
		e.Minted = make([]int64, r.PickedUp)
		for i := range e.Minted {
			note(r.OpenedAt.Add(time.Second), &e.Minted[i])
		}
		e.Drifts = make([]int64, len(r.Drifts))
		for i := range e.Drifts {
			note(r.Drifts[i], &e.Drifts[i])
		}
		note(r.OverdueAt, &e.Overdue)
		note(r.ClosedAt, &e.Closed)
		if g := r.BreakGlass; g != nil {
			note(r.AskedAt, &e.Glass)
			note(g.ReviewedAt, &e.Reviewed)
		}
	}
	for _, r := range y.refusals {
		note(r.At, &r.Event)
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	for i, e := range events {
		*e.as = int64(i + 1)
	}
}
