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

// KeepReview keeps the review of a period with its event, unless the log tells of one of a
// period with the same end: several servers make it once. A row that the log does not tell of
// is written over, since somebody else than Ramp wrote it. It reports whether it was kept.
func (l *Ledger) KeepReview(ctx context.Context, r KeptReview, e access.Event) (kept bool, err error) {
	var already bool
	err = l.tx(ctx, func(q querier) error {
		// The row comes first: who writes the same one waits here, and sees the event of whoever
		// was first.
		_, err := q.exec(ctx, `INSERT INTO reviews (until, since, report) VALUES (?, ?, ?) ON CONFLICT (until) DO UPDATE SET since = excluded.since, report = excluded.report`,
			micros(r.Until), micros(r.From), string(r.Report))
		if err != nil {
			return err
		}
		if already, err = q.hasEvent(ctx, eventKey(access.KeyReviewMade(r.Until))); err != nil {
			return err
		}
		if already {
			return errReviewed // takes the row back
		}
		return q.append(ctx, e)
	})
	if already {
		return false, nil
	}
	return err == nil, err
}

var errReviewed = access.Errorf(access.CodeConflict, "there is a review of that period")

// ReviewMade returns the event about the review that ends at a time, none where the log does
// not tell of one.
func (l *Ledger) ReviewMade(ctx context.Context, until time.Time) ([]access.Event, error) {
	return collect(ctx, l.reader(), scanEvent, selectEvents+` WHERE request_id = '' AND idempotency_key <> '' AND idempotency_key = ?`, eventKey(access.KeyReviewMade(until)))
}

// ReviewUntil returns the newest review of a period that ends at a time or before, and its
// event: the newest that the log tells of, since rows may be anybody's. Errors are
// CodeNotFound where there is none, and CodeEvidence where the ledger no longer has it.
func (l *Ledger) ReviewUntil(ctx context.Context, until time.Time) (KeptReview, access.Event, error) {
	q := l.reader()
	none := access.Refuse(access.CodeNotFound, "no_review", "there is no weekly review that ends before %s: one is made each Monday. ramp review --since 30d shows one of now; its findings can be proposed with the same --since, and not marked", access.FormatTime(until))
	e, err := first(ctx, q, scanEvent, none, selectEvents+` WHERE kind = ? AND at <= ? ORDER BY at DESC, seq DESC LIMIT 1`, string(access.EventReviewMade), micros(until))
	if err != nil {
		return KeptReview{}, e, err
	}
	gone := access.Errorf(access.CodeEvidence, "the log tells of the review that ends at %s, and the ledger no longer has it: somebody deleted it from the database", access.FormatTime(e.At))
	r, err := first(ctx, q, scanReview, gone, `SELECT since, until, report FROM reviews WHERE until = ?`, micros(e.At))
	return r, e, err
}

func scanReview(row scanner) (r KeptReview, err error) {
	var since, until int64
	var report text
	err = row.Scan(&since, &until, &report)
	r.From, r.Until, r.Report = timeOf(since), timeOf(until), []byte(report)
	return r, err
}

// ReviewEnds returns until when there are reviews by the log, the newest first, at most so
// many.
func (l *Ledger) ReviewEnds(ctx context.Context, most int) ([]time.Time, error) {
	return collect(ctx, l.reader(), scanTime, `SELECT at FROM events WHERE kind = ? ORDER BY at DESC LIMIT ?`, string(access.EventReviewMade), most)
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
