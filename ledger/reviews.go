package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// KeptReview is the review of one period as it is kept.
type KeptReview struct {
	From, Until time.Time // UTC
	Report      []byte    // JSON
}

// KeepReview keeps the review of a period with its event, unless there is one of a period
// with the same end: several servers make it once. It reports whether it was kept.
func (l *Ledger) KeepReview(ctx context.Context, r KeptReview, e access.Event) (kept bool, err error) {
	err = l.tx(ctx, func(q querier) error {
		n, err := q.exec(ctx, `INSERT INTO reviews (until, since, report) VALUES (?, ?, ?) ON CONFLICT (until) DO NOTHING`, micros(r.Until), micros(r.From), string(r.Report))
		if err != nil || n == 0 {
			return err
		}
		kept = true
		return q.append(ctx, e)
	})
	return kept, err
}

// ReviewUntil returns the newest review of a period that ends at a time or before, and its
// event. Errors are CodeNotFound where there is none, and CodeEvidence where the log does not
// tell of it.
func (l *Ledger) ReviewUntil(ctx context.Context, until time.Time) (KeptReview, access.Event, error) {
	q := l.reader()
	none := access.Refuse(access.CodeNotFound, "no_review", "there is no review that ends before %s", access.FormatTime(until))
	r, err := first(ctx, q, scanReview, none, `SELECT since, until, report FROM reviews WHERE until <= ? ORDER BY until DESC LIMIT 1`, micros(until))
	if err != nil {
		return r, access.Event{}, err
	}
	e, err := first(ctx, q, scanEvent, access.Errorf(access.CodeEvidence, "the log does not tell of the review that ends at %s: somebody else than Ramp wrote it", access.FormatTime(r.Until)),
		selectEvents+` WHERE request_id = '' AND idempotency_key <> '' AND idempotency_key = ?`, eventKey(access.KeyReviewMade(r.Until)))
	return r, e, err
}

func scanReview(row scanner) (r KeptReview, err error) {
	var since, until int64
	var report text
	err = row.Scan(&since, &until, &report)
	r.From, r.Until, r.Report = timeOf(since), timeOf(until), []byte(report)
	return r, err
}

// ReviewEnds returns until when there are reviews, the newest first, at most so many.
func (l *Ledger) ReviewEnds(ctx context.Context, most int) ([]time.Time, error) {
	return collect(ctx, l.reader(), scanTime, `SELECT until FROM reviews ORDER BY until DESC LIMIT ?`, most)
}

func scanTime(row scanner) (time.Time, error) {
	n, err := scanInt(row)
	return timeOf(n), err
}

// Marks returns the events in which people said what they think of findings, in the order of
// the log, before a time; the zero time is no bound.
func (l *Ledger) Marks(ctx context.Context, before time.Time) ([]access.Event, error) {
	var where conditions
	where.and("kind = ?", string(access.EventFindingMarked))
	if !before.IsZero() {
		where.and("at < ?", micros(before))
	}
	return collect(ctx, l.reader(), scanEvent, selectEvents+where.String()+` ORDER BY seq`, where.args...)
}
