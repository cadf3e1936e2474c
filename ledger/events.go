package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"ramp.dev/ramp/access"
)

// eventsLock serialises appends on Postgres: without it a later number could
// become visible before an earlier one, and a reader that follows the numbers
// would miss the earlier for ever.
const eventsLock = 0x72616d70

// append writes events in a transaction, each a leaf of the log. One with a key
// that the request already has is the same event, told again.
func (l *Ledger) append(ctx context.Context, q querier, events ...access.Event) error {
	if len(events) == 0 {
		return nil
	}
	if l.dialect == goose.DialectPostgres {
		if _, err := q.exec(ctx, `SELECT pg_advisory_xact_lock(?)`, eventsLock); err != nil {
			return err
		}
	}
	tree, err := openMerkleLog(ctx, q)
	if err != nil {
		return err
	}
	for _, e := range events {
		e = e.Normalized()
		detail := "{}"
		if len(e.Detail) > 0 {
			detail = encodeJSON(e.Detail)
		}
		// The conflict is named: one on a leaf is damage, and must not pass.
		err := q.row(ctx, `INSERT INTO events (at, request_id, kind, actor, message, detail, key, leaf)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id, key) WHERE key <> '' DO NOTHING RETURNING seq`,
			micros(e.At), e.RequestID, string(e.Kind), e.Actor, e.Message, detail, e.Key, tree.size).Scan(&e.Seq)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err == nil {
			err = tree.add(e.Leaf())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// AppendEvent appends one event.
func (l *Ledger) AppendEvent(ctx context.Context, e access.Event) error {
	return l.tx(ctx, func(q querier) error { return l.append(ctx, q, e) })
}

// EventFilter narrows events.
type EventFilter struct {
	After     int64  // only those with a later number
	RequestID string // only this request's
	Limit     int    // 0 is 200
}

// Events lists events in the order in which they were recorded.
func (l *Ledger) Events(ctx context.Context, f EventFilter) ([]access.Event, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 200
	}
	cond, args := "seq > ?", []any{f.After}
	if f.RequestID != "" {
		cond, args = cond+" AND request_id = ?", append(args, f.RequestID)
	}
	list, err := l.entries(ctx, l.reader(), cond+fmt.Sprintf(` ORDER BY seq LIMIT %d`, limit), args...)
	if err != nil {
		return nil, err
	}
	out := make([]access.Event, len(list))
	for i, e := range list {
		out[i] = e.Event
	}
	return out, nil
}

func (l *Ledger) entries(ctx context.Context, q querier, cond string, args ...any) ([]Entry, error) {
	rows, err := q.rows(ctx, `SELECT leaf, seq, at, request_id, kind, actor, message, detail, key FROM events WHERE `+cond, args...)
	if err != nil {
		return nil, wrapError(err)
	}
	defer rows.Close()
	out := []Entry{}
	for rows.Next() {
		var e Entry
		var at int64
		var detail string
		if err := rows.Scan(&e.Leaf, &e.Seq, &at, &e.RequestID, &e.Kind, &e.Actor, &e.Message, &detail, &e.Key); err != nil {
			return nil, wrapError(err)
		}
		e.At = timeOf(at)
		if detail != "{}" {
			if err := json.Unmarshal([]byte(detail), &e.Detail); err != nil {
				return nil, access.Errorf(access.CodeEvidence, "event %d is damaged", e.Seq)
			}
		}
		out = append(out, e)
	}
	return out, wrapError(rows.Err())
}

// LastSeq is the number of the newest event, 0 when there is none.
func (l *Ledger) LastSeq(ctx context.Context) (int64, error) {
	var n sql.NullInt64
	err := l.reader().row(ctx, `SELECT max(seq) FROM events`).Scan(&n)
	return n.Int64, wrapError(err)
}
