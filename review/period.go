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

// Weeks is how many weeks a weekly review looks at. The default thresholds count what happens
// in a period of that length, and were chosen on such periods (docs/review.md).
const Weeks = 4

// WeeklyUntil returns the period of the weekly review that ends at a time: the weeks before
// it in a zone, nil being UTC. With a change of the clocks it is an hour longer or shorter.
func WeeklyUntil(until time.Time, zone *time.Location) Period {
	p := Period{To: until.UTC(), Zone: zone}
	p.From = p.in(until).AddDate(0, 0, -7*Weeks).UTC()
	return p
}
