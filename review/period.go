package review

import (
	"time"
)

// Period is what a review looks at: from From, before To. Zone is where the people work
// whose hours are compared; nil is UTC.
type Period struct {
	From time.Time      `json:"from"`
	To   time.Time      `json:"to"`
	Zone *time.Location `json:"-"`
}

// Holds reports whether a time lies in the period.
func (p Period) Holds(at time.Time) bool { return !at.Before(p.From) && at.Before(p.To) }

// Length returns how long the period is.
func (p Period) Length() time.Duration { return p.To.Sub(p.From) }

// in returns a time in the period's zone.
func (p Period) in(at time.Time) time.Time {
	if p.Zone == nil {
		return at.UTC()
	}
	return at.In(p.Zone)
}
