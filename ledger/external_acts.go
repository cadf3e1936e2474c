package ledger

import (
	"context"
	"time"
)

// ExternalAct is what a user of a chat service did, as a server sealed it.
type ExternalAct struct {
	ID         string
	Service    string
	Body       string
	ReceivedAt time.Time
	Tries      int
}

// AddExternalAct records an act that is to be done. added is false for one that is recorded
// already, done or not: the delivery was sent again.
func (l *Ledger) AddExternalAct(ctx context.Context, a ExternalAct) (added bool, err error) {
	err = l.tx(ctx, func(q querier) error {
		n, err := q.exec(ctx, `INSERT INTO external_acts (id, service, body, received_at, due_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			a.ID, a.Service, a.Body, micros(a.ReceivedAt), micros(a.ReceivedAt))
		added = n > 0
		return err
	})
	return added, err
}

// ClaimExternalActs returns acts that are due, the oldest first, and counts a try of each.
// Nobody else is given them before until: one whose process dies is then done again.
func (l *Ledger) ClaimExternalActs(ctx context.Context, service string, now, until time.Time, limit int) (claimed []ExternalAct, err error) {
	err = l.tx(ctx, func(q querier) error {
		claimed, err = collect(ctx, q, func(row scanner) (a ExternalAct, err error) {
			var received int64
			err = row.Scan(&a.ID, &a.Service, &a.Body, &received, &a.Tries)
			a.ReceivedAt = timeOf(received)
			return a, err
		}, `SELECT id, service, body, received_at, tries FROM external_acts WHERE done_at IS NULL AND service = ? AND due_at <= ? ORDER BY received_at, id LIMIT ?`+q.dialect.forUpdate(),
			service, micros(now), limit)
		if err != nil {
			return err
		}
		for i := range claimed {
			claimed[i].Tries++
			if _, err := q.exec(ctx, `UPDATE external_acts SET due_at = ?, tries = ? WHERE id = ?`, micros(until), claimed[i].Tries, claimed[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return claimed, err
}

// ClaimExternalAct reports whether an act is the caller's to do until a time: nobody else has
// claimed it, and it is not done. Of several deliveries of one act at an instant, one has it.
func (l *Ledger) ClaimExternalAct(ctx context.Context, id string, now, until time.Time) (claimed bool, err error) {
	err = l.tx(ctx, func(q querier) error {
		n, err := q.exec(ctx, `UPDATE external_acts SET due_at = ?, tries = tries + 1 WHERE id = ? AND done_at IS NULL AND due_at <= ?`, micros(until), id, micros(now))
		claimed = n > 0
		return err
	})
	return claimed, err
}

// CloseExternalAct records what became of an act, and forgets what was written in it.
func (l *Ledger) CloseExternalAct(ctx context.Context, id, outcome string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.closeExternalAct(ctx, id, outcome, at)
		return err
	})
}

func (q querier) closeExternalAct(ctx context.Context, id, outcome string, at time.Time) (closed int64, err error) {
	return q.exec(ctx, `UPDATE external_acts SET done_at = ?, outcome = ?, body = '' WHERE id = ? AND done_at IS NULL`, micros(at), outcome, id)
}

// RetryExternalAct records why an act could not be done, and when it is tried again.
func (l *Ledger) RetryExternalAct(ctx context.Context, id, problem string, due time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE external_acts SET due_at = ?, problem = ? WHERE id = ? AND done_at IS NULL`, micros(due), problem, id)
		return err
	})
}

// ForgetExternalActs deletes acts of a service that were done before a time, and those received before it
// that no server can do, because nothing of them is kept: they waited to be sent again,
// and never were. The time must be longer ago than a delivery may be sent again.
func (l *Ledger) ForgetExternalActs(ctx context.Context, service string, before time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM external_acts WHERE service = ? AND (done_at < ? OR (done_at IS NULL AND body = '' AND received_at < ?))`, service, micros(before), micros(before))
		return err
	})
}

// ExternalActDone reports whether an act that was recorded is done.
func (l *Ledger) ExternalActDone(ctx context.Context, id string) (done bool, err error) {
	var n int64
	err = l.reader().row(ctx, `SELECT count(*) FROM external_acts WHERE id = ? AND done_at IS NOT NULL`, id).Scan(&n)
	return n > 0, wrapError(err)
}
