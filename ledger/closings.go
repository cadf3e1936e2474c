package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// Closing is an event that says that a grant was closed, with what there is to judge it by.
// The ledger believes nothing of it; its readers verify the plan and the receipt.
type Closing struct {
	Seq          int64 // of the event
	RequestID    string
	Grant        string // as the event says
	PlanEnvelope []byte
	Receipt      []byte // of the grant's closing; nil if there is none
	// Begun is when the grant was begun, or opened, by the log's events; zero if there is none.
	Begun time.Time
}

// ClosingsBefore returns the number of the last closing that is older than a time, to read
// Closings from; 0 if there is none.
func (l *Ledger) ClosingsBefore(ctx context.Context, at time.Time) (int64, error) {
	return first(ctx, l.reader(), scanInt, nil, `SELECT coalesce((SELECT seq FROM events WHERE kind = ? AND at < ? ORDER BY seq DESC LIMIT 1), 0)`,
		string(access.EventGrantClosed), micros(at))
}

// Closings lists the closings after a number, in the order in which they were recorded, at
// most so many. One whose grant's name cannot be read is returned without a name.
func (l *Ledger) Closings(ctx context.Context, after int64, most int) ([]Closing, error) {
	scan := func(row scanner) (c Closing, err error) {
		var request, detail, plan text
		if err := row.Scan(&c.Seq, &request, &detail, &plan); err != nil {
			return c, err
		}
		var said map[string]string
		_ = strictjson.UnmarshalOpen([]byte(detail), &said)
		c.RequestID, c.Grant, c.PlanEnvelope = string(request), said["grant"], []byte(plan)
		return c, nil
	}
	out, err := collect(ctx, l.reader(), scan, `SELECT events.seq, events.request_id, events.detail, requests.plan_envelope FROM events
		JOIN requests ON requests.id = events.request_id WHERE events.kind = ? AND events.seq > ? ORDER BY events.seq LIMIT ?`,
		string(access.EventGrantClosed), after, most)
	if err != nil || len(out) == 0 {
		return out, err
	}
	var ids []string
	for _, c := range out {
		ids = append(ids, c.RequestID)
	}
	if err := l.addReceipts(ctx, out, ids); err != nil {
		return out, err
	}
	return out, l.addBeginnings(ctx, out, ids)
}

// addReceipts adds to closings of requests the receipts of their closing.
func (l *Ledger) addReceipts(ctx context.Context, out []Closing, ids []string) error {
	type owned struct{ request, key, envelope text }
	var keys []string
	for _, c := range out {
		keys = append(keys, access.KeyReceipt(access.ReceiptClosed, c.Grant))
	}
	ofRequests, requests := inList(ids)
	ofKeys, args := inList(keys)
	receipts, err := collect(ctx, l.reader(), func(row scanner) (o owned, err error) {
		err = row.Scan(&o.request, &o.key, &o.envelope)
		return o, err
	}, `SELECT request_id, key, envelope FROM statements WHERE request_id IN `+ofRequests+` AND key IN `+ofKeys, append(requests, args...)...)
	for _, r := range receipts {
		for i := range out {
			if out[i].RequestID == string(r.request) && keys[i] == string(r.key) {
				out[i].Receipt = []byte(r.envelope)
			}
		}
	}
	return err
}

// addBeginnings adds to closings of requests when their grants were begun, or opened.
func (l *Ledger) addBeginnings(ctx context.Context, out []Closing, ids []string) error {
	type begun struct {
		request, key text
		at           int64
	}
	opening := func(c Closing) []string {
		return []string{access.KeyGrant(access.EventGrantIntended, c.Grant), access.KeyGrant(access.EventGrantOpened, c.Grant)}
	}
	var keys []string
	for _, c := range out {
		keys = append(keys, opening(c)...)
	}
	ofRequests, requests := inList(ids)
	ofKeys, args := inList(keys)
	events, err := collect(ctx, l.reader(), func(row scanner) (b begun, err error) {
		err = row.Scan(&b.request, &b.key, &b.at)
		return b, err
	}, `SELECT request_id, idempotency_key, at FROM events WHERE request_id IN `+ofRequests+` AND idempotency_key IN `+ofKeys, append(requests, args...)...)
	for _, b := range events {
		for i, c := range out {
			if at := timeOf(b.at); c.RequestID == string(b.request) && slices.Contains(opening(c), string(b.key)) && at.After(c.Begun) {
				out[i].Begun = at
			}
		}
	}
	return err
}

const (
	// reopenedAtOnce is how often a grant is closed again without a pause.
	reopenedAtOnce = 2
	// reopenedPause is the longest pause before it is.
	reopenedPause = maxInHand - time.Second
)

// ReopenGrant makes a grant that the ledger calls closed one that is not, and its request one
// that is ending, since the receipt of that closing does not count. The receipt goes: that of
// the next closing takes its place. The grant is due at once, so that closers of its target
// close it; from the third time on after a pause, so that a worker that goes on like that
// fills no log. What the grant shares with others it holds again. It reports false, and changes
// nothing, if the grant is not closed. Errors are also of code conflict: it has another receipt
// by now, which is to be judged first.
func (l *Ledger) ReopenGrant(ctx context.Context, name string, receipt []byte, at time.Time, why string) (changed bool, err error) {
	err = l.changeGrant(ctx, name, func(q querier, row GrantRecord, r *requestHead) error {
		changed = false
		if row.Status != GrantClosed {
			return nil
		}
		key := access.KeyReceipt(access.ReceiptClosed, name)
		kept, err := scanText(q.row(ctx, `SELECT envelope FROM statements WHERE request_id = ? AND key = ?`, row.RequestID, key))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if kept != string(receipt) {
			return access.Errorf(access.CodeConflict, "the receipt of the closing of %s is not the one that was judged", name)
		}
		changed = true
		if _, err := q.exec(ctx, `DELETE FROM statements WHERE request_id = ? AND key = ?`, row.RequestID, key); err != nil {
			return err
		}
		var until int64
		if n := row.Reopened - reopenedAtOnce; n >= 0 {
			until = micros(at.Add(min(reopenedPause, time.Second<<min(n, 10))))
		}
		if _, err := q.exec(ctx, `UPDATE grants SET status = CASE WHEN opened_at IS NULL THEN 'intended' ELSE 'open' END, closed_at = NULL, reopened = reopened + 1,
			closing_until = ?, expires_at = CASE WHEN expires_at > ? THEN ? ELSE expires_at END WHERE name = ?`,
			until, micros(at), micros(at), name); err != nil {
			return err
		}
		// It looked elsewhere, so what the grant held is still there. Left as it is, the grant
		// would soon be done with it (Settled): nothing would be removed, and no list have it.
		if _, err := q.exec(ctx, `UPDATE holders SET state = ? WHERE target = ? AND grant_name = ? AND state = ?`, holding, row.Target, name, released); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `UPDATE requests SET state = ?, outcome = CASE WHEN outcome = '' THEN ? ELSE outcome END, ended_at = NULL, problem = ? WHERE id = ?`,
			string(access.StateEnding), string(access.OutcomeRevoked), why, row.RequestID); err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, RequestID: row.RequestID, Kind: access.EventAccessReopened, Actor: access.ActorRamp, Message: why,
			Key: access.KeyReopened(name, row.Reopened+1), Detail: map[string]string{"grant": name, "target": row.Target, "was": string(r.state)}})
	})
	return changed, err
}
