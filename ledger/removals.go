package ledger

import (
	"context"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// unhandled is a condition on an event e: a consumer of the feed, such as a sink, has not
// had it yet.
const unhandled = `e.seq > coalesce((SELECT min(seq) FROM feed_cursors), 9223372036854775807)`

// Droppable lists requests of which everything but the outline may be dropped, those first
// that were asked for first, at most so many: they are over, nothing has happened to them
// since a time but refused acts, which anybody may cause, no grant of theirs is open, no
// review of break glass is missing, they brought no contracts into force, and every
// consumer of the feed has had their events.
func (l *Ledger) Droppable(ctx context.Context, before time.Time, most int) ([]string, error) {
	final, args := inList(slices.DeleteFunc(access.States(), func(s access.State) bool { return !s.Final() }))
	query := `SELECT id FROM requests WHERE removal = 0 AND created_at < ? AND state IN ` + final + `
		AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.request_id = requests.id AND g.status <> 'closed')
		AND NOT EXISTS (SELECT 1 FROM grants g JOIN contracts_in_force c ON c.grant_name = g.name WHERE g.request_id = requests.id)
		AND NOT EXISTS (SELECT 1 FROM events e WHERE e.request_id = requests.id AND (` + unhandled + ` OR e.at >= ? AND e.kind NOT IN ` + refusalKinds + `))
		AND NOT (` + unreviewed + `) ORDER BY created_at LIMIT ?`
	return collect(ctx, l.reader(), scanText, query, slices.Concat([]any{micros(before)}, args, []any{micros(before), most})...)
}

// EventsOf returns every event of some requests, in the order of the log.
func (l *Ledger) EventsOf(ctx context.Context, requests []string) ([]access.Event, error) {
	marks, args := inList(requests)
	return collect(ctx, l.reader(), scanEvent, selectEvents+` WHERE request_id IN `+marks+` ORDER BY seq`, args...)
}

// DroppableEvents lists events from before a time that are about no request and of kinds
// that may lose their bodies, in the order of the log, at most so many. Every consumer of
// the feed has had them.
func (l *Ledger) DroppableEvents(ctx context.Context, before time.Time, most int) ([]access.Event, error) {
	kinds, args := inList(slices.DeleteFunc(access.EventKinds(), func(k access.EventKind) bool { return !k.Droppable() }))
	return collect(ctx, l.reader(), scanEvent, selectEvents+` AS e WHERE e.removal = 0 AND e.request_id = '' AND e.at < ? AND e.kind IN `+kinds+
		` AND NOT `+unhandled+` ORDER BY e.seq LIMIT ?`, slices.Concat([]any{micros(before)}, args, []any{most})...)
}

// LateEvents lists events from before a time, about requests that were dropped, that still
// have their bodies: acts on such a request that were refused, or more than one removal
// could name. They are in the order of the log, at most so many.
func (l *Ledger) LateEvents(ctx context.Context, before time.Time, most int) ([]access.Event, error) {
	return collect(ctx, l.reader(), scanEvent, selectEvents+` AS e WHERE e.removal = 0 AND e.at < ? AND e.request_id IN (SELECT id FROM requests WHERE removal > 0)
		AND NOT `+unhandled+` ORDER BY e.seq LIMIT ?`, micros(before), most)
}

// Drop is one removal: the event that tells of it, the signed statement that says what it
// is of, and what that names.
type Drop struct {
	Event    access.Event // of kind bodies.dropped, with a key
	Record   []byte       // access.Removal, signed
	At       time.Time
	Seqs     []int64
	Requests []string
}

// Drop removes bodies and records that they were removed, in one transaction: a process
// that dies leaves both or neither, and a body is never gone without its removal. A second
// removal of the same is CodeConflict, and changes nothing: so two servers may do it at
// once. What was written to one of the requests since it was read is CodeConflict too.
func (l *Ledger) Drop(ctx context.Context, d Drop) error {
	return l.tx(ctx, func(q querier) error {
		if err := q.append(ctx, d.Event); err != nil {
			return err
		}
		n, err := first(ctx, q, scanInt, droppedAlready(), `SELECT seq FROM events WHERE request_id = '' AND idempotency_key <> '' AND idempotency_key = ?`, eventKey(d.Event.Key))
		if err != nil {
			return err
		}
		stored, err := q.exec(ctx, `INSERT INTO removals (seq, record) VALUES (?, ?) ON CONFLICT (seq) DO NOTHING`, n, string(d.Record))
		if err != nil {
			return err
		}
		if stored == 0 {
			return droppedAlready()
		}
		if err := q.dropRequests(ctx, n, d); err != nil {
			return err
		}
		for some := range slices.Chunk(d.Seqs, maxNames) {
			marks, args := inList(some)
			gone, err := q.exec(ctx, `UPDATE events SET removal = ?, dropped_at = ?, actor = '', message = '', detail = '{}', idempotency_key = ''
				WHERE removal = 0 AND seq IN `+marks, slices.Concat([]any{n, micros(d.At)}, args)...)
			if err != nil {
				return err
			}
			if gone != int64(len(some)) {
				return droppedAlready()
			}
		}
		return nil
	})
}

// dropRequests removes all of requests but their outline. Of the review of a use of break
// glass the row stays, empty: that there is one keeps its requester from being refused
// another use.
func (q querier) dropRequests(ctx context.Context, removal int64, d Drop) error {
	if len(d.Requests) == 0 {
		return nil
	}
	marks, ids := inList(d.Requests)
	final, states := inList(slices.DeleteFunc(access.States(), func(s access.State) bool { return !s.Final() }))
	gone, err := q.exec(ctx, `UPDATE requests SET removal = ?, dropped_at = ?, requester_id = '', requester_key = '', human_key = '', email_key = '', input = '{}',
		requester = '{}', plan = '{}', plan_envelope = '', stages = '[]', decisions = '[]', review = '', problem = ''
		WHERE removal = 0 AND id IN `+marks+` AND state IN `+final+`
		AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.request_id = requests.id AND g.status <> 'closed')`,
		slices.Concat([]any{removal, micros(d.At)}, ids, states)...)
	if err != nil {
		return err
	}
	if gone != int64(len(d.Requests)) {
		return droppedAlready()
	}
	for _, statement := range []string{
		`DELETE FROM statements WHERE key <> '` + access.KeyReviewed + `' AND request_id IN `,
		`UPDATE statements SET envelope = '' WHERE request_id IN `,
		`UPDATE grants SET principal = '', entitlement = '{}' WHERE request_id IN `,
		`DELETE FROM notices WHERE request_id IN `,
		`DELETE FROM chat_messages WHERE request_id IN `,
	} {
		if _, err := q.exec(ctx, statement+marks, ids...); err != nil {
			return err
		}
	}
	return nil
}

func droppedAlready() error {
	return access.Refuse(access.CodeConflict, "dropped_already", "some of this was dropped already, or has changed since it was read")
}

// Removal returns the signed statement of what was dropped that the event of a number tells
// of, verified by nobody. Errors are CodeNotFound where there is none.
func (l *Ledger) Removal(ctx context.Context, event int64) ([]byte, error) {
	s, err := first(ctx, l.reader(), scanText, access.Errorf(access.CodeNotFound, "there is no signed removal of event %d", event), `SELECT record FROM removals WHERE seq = ?`, event)
	return []byte(s), err
}
