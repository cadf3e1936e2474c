package contracts

import (
	"time"

	"ramp.dev/ramp/access"
)

// leastToDecide is what must be left to decide in when access must soon have ended.
const leastToDecide = time.Minute

// beginning is when access is to begin at the earliest.
func beginning(q *query) time.Time {
	if q.draft.StartAt != nil {
		return *q.draft.StartAt
	}
	return q.Now
}

// latestEnd is the latest that access could last: approved at the last moment, opened
// as late as an approval still opens, and extended as far as the contract says.
func (q *query) latestEnd() time.Time {
	length := q.draft.Duration
	if e := q.contract.terms.extend.limits; e != nil {
		length = max(length, e.UpTo)
	}
	pending := max(q.draft.PendingUntil.Sub(beginning(q)), 0)
	return beginning(q).Add(length.Std() + pending + access.ActWithin + access.ClockSkew)
}

// notAfter puts a time into the plan by which access must have ended, unless an earlier
// one is there.
func (q *query) notAfter(end time.Time) {
	if q.draft.NotAfter == nil || end.Before(*q.draft.NotAfter) {
		q.draft.NotAfter = new(end.UTC())
	}
}

// endBy has access end by a time at the latest, which is in the plan then: no access
// outlasts it, however late it opens and however far it is extended. The time for
// decisions ends so early that all of what was asked for still fits. It returns false
// if too little of that time is left.
func (q *query) endBy(end time.Time) bool {
	if end.Before(q.latestEnd()) {
		q.notAfter(end)
	}
	if q.draft.Rule.Auto || q.Request.BreakGlass {
		return true
	}
	if latest := end.Add(-q.draft.Duration.Std()); latest.Before(q.draft.PendingUntil) {
		q.draft.PendingUntil = latest
	}
	return q.draft.PendingUntil.Sub(q.Now) >= leastToDecide
}
