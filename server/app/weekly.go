package app

import (
	"context"
	"encoding/json"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// reviewEvery is how often it is looked whether a week is over of which there is no review,
// reviewAgain how long after one could not be made, and reviewLate from when on after the
// week's end that is an alarm.
const (
	reviewEvery = time.Minute
	reviewAgain = 15 * time.Minute
	reviewLate  = 24 * time.Hour
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

// ReviewOverdue reports whether the review of the last week could not be made, a day after
// the week's end.
func (v *reviews) ReviewOverdue() bool { return v.overdue.Load() }

// keepWeek makes the review of the last whole week, if there is none, and reports whether it
// was kept. Whether there is one is told by the log: a row of a review that the log does not
// tell of is written over, so that whoever writes to the database keeps no week from being
// reviewed (docs/threats.md, case 130). A ledger without requests until then needs none.
func (v *reviews) keepWeek(ctx context.Context, now time.Time) (kept bool, err error) {
	until := endOfWeek(now.Add(-time.Hour), v.config.Zone) // what other servers' clocks call that week is in by then
	kept, err = v.keepUntil(ctx, until)
	late := err != nil && ctx.Err() == nil && now.Sub(until) > reviewLate
	v.overdue.Store(late)
	if late {
		v.tellOverdue(ctx, until, now)
	}
	return kept, err
}

// tellOverdue records that a week has no review, once a day, so that operators hear of it. The
// event says nothing of the error, which the server's log has.
func (v *reviews) tellOverdue(ctx context.Context, until, now time.Time) {
	err := v.events.AppendEvent(ctx, access.Event{At: now.UTC(), Kind: access.EventReviewOverdue, Actor: access.ActorRamp, Key: access.KeyReviewOverdue(until, now),
		Message: "The review of the week that ended at " + access.FormatTime(until) + " could not be made.", Detail: map[string]string{access.DetailUntil: access.FormatTime(until)}})
	if err != nil {
		v.log.WithError(err).Error("that the weekly review is overdue could not be recorded")
	}
}

// keepUntil makes and keeps the review of the week that ends at a time, as keepWeek says.
func (v *reviews) keepUntil(ctx context.Context, until time.Time) (kept bool, err error) {
	made, err := v.ledger.ReviewMade(ctx, until)
	if err != nil {
		return false, err
	}
	if len(made) > 0 {
		return false, v.asRecorded(ctx, made[0])
	}
	v.making.Lock()
	defer v.making.Unlock()
	report, some, err := v.make(ctx, review.WeeklyUntil(until, v.config.Zone))
	if err != nil || !some {
		return false, err
	}
	b, err := json.Marshal(report)
	if err != nil {
		return false, err
	}
	said := access.ReviewMade{Since: report.Period.From, Until: until, Findings: len(report.Findings), ByOwner: map[string]int{}, Security: v.config.Security, Digest: review.Digest(b)}
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
