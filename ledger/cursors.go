package ledger

import (
	"context"
	"database/sql"
	"time"

	"ramp.dev/ramp/access"
)

// Cursor says how far a consumer of the events has got.
type Cursor struct {
	Name         string     `json:"name"`
	Seq          int64      `json:"seq"`              // the last event that the consumer has handled
	Last         int64      `json:"last"`             // the newest event of the log
	NextAt       *time.Time `json:"nextAt,omitempty"` // when the oldest event happened that it has not handled; nil if there is none
	MovedAt      time.Time  `json:"movedAt"`
	FailingSince *time.Time `json:"failingSince,omitempty"`
	Error        string     `json:"error,omitempty"` // why it fails
}

// Lag returns how many events the consumer has not handled yet.
func (c Cursor) Lag() int64 { return max(0, c.Last-c.Seq) }

// Gap reports whether the event that the consumer waits for is missing from the
// log, or one that it has handled already is.
func (c Cursor) Gap() bool { return c.Seq > c.Last || c.Lag() > 0 && c.NextAt == nil }

// OpenCursor returns where a consumer's cursor is. If there is none, it is made
// at start.
func (l *Ledger) OpenCursor(ctx context.Context, name string, start int64, at time.Time) (seq int64, err error) {
	err = l.tx(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `INSERT INTO feed_cursors (name, seq, moved_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`,
			name, start, micros(at)); err != nil {
			return err
		}
		return q.row(ctx, `SELECT seq FROM feed_cursors WHERE name = ?`, name).Scan(&seq)
	})
	return seq, err
}

// MoveCursor records that a consumer has handled the events up to a number, and
// that it works. It never moves a cursor back: when another process is ahead, the
// cursor stays where that one left it, and its number is returned.
func (l *Ledger) MoveCursor(ctx context.Context, name string, seq int64, at time.Time) (now int64, err error) {
	err = l.tx(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `UPDATE feed_cursors SET seq = ?, moved_at = ?, failing_since = NULL, error = '' WHERE name = ? AND seq < ?`,
			seq, micros(at), name, seq); err != nil {
			return err
		}
		now, err = first(ctx, q, scanInt, access.Errorf(access.CodeNotFound, "there is no cursor %q", name),
			`SELECT seq FROM feed_cursors WHERE name = ?`, name)
		return err
	})
	return now, err
}

// FailCursor records why a consumer fails at a number, and since when. When its
// cursor has moved meanwhile, by another process, nothing is recorded.
func (l *Ledger) FailCursor(ctx context.Context, name string, seq int64, at time.Time, problem string) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE feed_cursors SET failing_since = coalesce(failing_since, ?), error = ? WHERE name = ? AND seq = ?`,
			micros(at), problem, name, seq)
		return err
	})
}

// Cursors lists the cursors of all consumers, by name. One statement reads all,
// so that events that are appended meanwhile look like no gap.
func (l *Ledger) Cursors(ctx context.Context) ([]Cursor, error) {
	return collect(ctx, l.reader(), scanCursor, `SELECT name, seq, moved_at, failing_since, error,
		(SELECT at FROM events WHERE seq = feed_cursors.seq + 1), (SELECT max(idx) FROM log_hashes)
		FROM feed_cursors ORDER BY name`)
}

func scanCursor(row scanner) (c Cursor, err error) {
	var moved int64
	var failing, next, last sql.NullInt64
	err = row.Scan(&c.Name, &c.Seq, &moved, &failing, &c.Error, &next, &last)
	c.MovedAt, c.FailingSince, c.NextAt, c.Last = timeOf(moved), timePtr(failing), timePtr(next), sizeOf(last)
	return c, err
}
