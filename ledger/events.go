package ledger

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
)

// unlogged are the events of one transaction that are not in the log yet.
type unlogged struct {
	events []access.Event
	again  bool // they are likely to be in the log: asking it first saves waiting for it
}

// append has events written in this transaction, each a leaf of the log: at its end, so
// that other transactions wait for the log as short as can be. What is about no request
// is written at once, because those who write records of the directory ask the log what
// it has of them. An event with a key that the request already has is the same event,
// recorded again by a retry.
func (q querier) append(ctx context.Context, events ...access.Event) error {
	q.unlogged.events = append(q.unlogged.events, events...)
	if slices.ContainsFunc(events, func(e access.Event) bool { return e.RequestID == "" }) {
		return q.log(ctx)
	}
	return nil
}

// log writes the events that are not in the log yet.
//
// One append follows the other: otherwise a later number could become visible
// before an earlier one, and a reader that follows the numbers would miss the
// earlier for ever.
func (q querier) log(ctx context.Context) error {
	events := q.unlogged.events
	q.unlogged.events = nil
	if len(events) == 0 {
		return nil
	}
	if p, ok := q.handle.(*transaction); ok {
		return p.log(ctx, events)
	}
	tree, err := openMerkleLog(ctx, q)
	if err != nil {
		return err
	}
	for _, e := range events {
		e = e.Normalized()
		e.Seq = tree.size + 1
		// The conflict is named: one on the number is damage, and must not pass.
		n, err := q.exec(ctx, `INSERT INTO events (seq, at, request_id, kind, actor, message, detail, idempotency_key)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id, idempotency_key) WHERE idempotency_key <> '' DO NOTHING`,
			e.Seq, micros(e.At), e.RequestID, string(e.Kind), e.Actor, e.Message, detailOf(e), e.Key)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if err := tree.add(e.Leaf()); err != nil {
			return err
		}
	}
	return nil
}

// detailOf is an event's detail as it is stored.
func detailOf(e access.Event) string {
	if len(e.Detail) == 0 {
		return "{}"
	}
	return encodeJSON(e.Detail)
}

// AppendEvent appends one event.
func (l *Ledger) AppendEvent(ctx context.Context, e access.Event) error {
	return l.tx(ctx, func(q querier) error { return q.append(ctx, e) })
}

// EventFilter narrows events.
type EventFilter struct {
	After     int64              // only those with a later number
	RequestID string             // only this request's
	Kinds     []access.EventKind // only of these; none is all
	Limit     int                // 0 is 200
}

// Events lists events in the order in which they were recorded.
func (l *Ledger) Events(ctx context.Context, f EventFilter) ([]access.Event, error) {
	var where conditions
	where.and("seq > ?", f.After)
	where.equal("request_id", f.RequestID)
	if len(f.Kinds) > 0 {
		marks, args := inList(f.Kinds)
		where.and("kind IN "+marks, args...)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 200
	}
	return collect(ctx, l.reader(), scanEvent, selectEvents+where.String()+` ORDER BY seq LIMIT ?`, append(where.args, limit)...)
}

// Entries returns the events of the leaves in [from, to). Those that are missing
// are left out, so that anybody who checks the log sees the others.
func (l *Ledger) Entries(ctx context.Context, from, to int64) ([]Entry, error) {
	return collect(ctx, l.reader(), scanEntry, selectEvents+` WHERE seq > ? AND seq <= ? ORDER BY seq`, from, to)
}

const selectEvents = `SELECT seq, at, request_id, kind, actor, message, detail, idempotency_key, removal, dropped_at FROM events`

func scanEvent(row scanner) (access.Event, error) {
	var e access.Event
	var at, removal, dropped int64
	var detail string
	if err := row.Scan(&e.Seq, &at, &e.RequestID, (*string)(&e.Kind), &e.Actor, &e.Message, &detail, &e.Key, &removal, &dropped); err != nil {
		return e, err
	}
	e.At, e.Dropped = timeOf(at), droppedBy(removal, dropped)
	if detail != "{}" {
		if err := decodeJSON(detail, &e.Detail); err != nil {
			return e, access.Errorf(access.CodeEvidence, "event %d is damaged", e.Seq)
		}
	}
	return e, nil
}

// droppedBy is what columns say of a removal, nil where there was none.
func droppedBy(removal, at int64) *access.Dropped {
	if removal == 0 {
		return nil
	}
	return &access.Dropped{At: timeOf(at), Event: removal}
}

func scanEntry(row scanner) (Entry, error) {
	e, err := scanEvent(row)
	return Entry{Leaf: e.Seq - 1, Event: e}, err
}
