package ledger

import (
	"context"
	"database/sql"
	"time"
)

// ChatReply is what somebody is told of what they did in a chat service, as a server
// sealed it. Its ID is the act's.
type ChatReply struct {
	ID        string
	Service   string
	Body      string
	CreatedAt time.Time
	Tries     int
	// TriedAt is since when it may have been sent without anybody knowing: whoever sends
	// it looks for it first. Nil: it was not.
	TriedAt *time.Time
}

// CloseExternalActWithReply closes an act as CloseExternalAct does, and in the same transaction records
// what its user is told. Of an act that is closed already nothing is recorded.
func (l *Ledger) CloseExternalActWithReply(ctx context.Context, outcome string, at time.Time, r ChatReply) error {
	return l.tx(ctx, func(q querier) error {
		if closed, err := q.closeExternalAct(ctx, r.ID, outcome, at); err != nil || closed == 0 {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO chat_replies (id, service, body, created_at, due_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			r.ID, r.Service, r.Body, micros(at), micros(at))
		return err
	})
}

// ClaimChatReplies returns replies that are due, the oldest first, counts a try of each,
// and records that each may be sent from now on. Nobody else is given them before until.
func (l *Ledger) ClaimChatReplies(ctx context.Context, service string, now, until time.Time, limit int) (claimed []ChatReply, err error) {
	err = l.tx(ctx, func(q querier) error {
		claimed, err = collect(ctx, q, func(row scanner) (r ChatReply, err error) {
			var created int64
			var tried sql.NullInt64
			err = row.Scan(&r.ID, &r.Service, &r.Body, &created, &r.Tries, &tried)
			r.CreatedAt, r.TriedAt = timeOf(created), timePtr(tried)
			return r, err
		}, `SELECT id, service, body, created_at, tries, tried_at FROM chat_replies WHERE service = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?`+q.dialect.forUpdate(),
			service, micros(now), limit)
		if err != nil {
			return err
		}
		for i := range claimed {
			claimed[i].Tries++
			if _, err := q.exec(ctx, `UPDATE chat_replies SET due_at = ?, tries = ?, tried_at = CASE WHEN tried_at IS NULL THEN ? ELSE tried_at END WHERE id = ?`,
				micros(until), claimed[i].Tries, micros(now), claimed[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return claimed, err
}

// RetryChatReply records why a reply could not be sent, and when it is tried again. triedAt
// is since when it may have been sent all the same; nil if it surely was not.
func (l *Ledger) RetryChatReply(ctx context.Context, id, problem string, due time.Time, triedAt *time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE chat_replies SET due_at = ?, problem = ?, tried_at = ? WHERE id = ?`, micros(due), problem, microsOf(triedAt), id)
		return err
	})
}

// ForgetChatReply deletes a reply that the service has, or that nobody is told any more.
func (l *Ledger) ForgetChatReply(ctx context.Context, id string) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM chat_replies WHERE id = ?`, id)
		return err
	})
}
