package ledger

import (
	"context"
	"database/sql"
	"time"
)

// ChatMessage is the one message about a request in one conversation, and how far it says
// what happened.
type ChatMessage struct {
	ID              string // of service, conversation and request
	Service         string
	RequestID       string
	Conversation    string // a channel, or a user for a direct message
	RefConversation string // where the service has it; empty: nobody knows that it has
	Ref             string
	WantSeq         int64 // the newest event of its request
	MessageSeq      int64 // the event up to which the message says what happened
	ThreadSeq       int64 // likewise its thread
	TriedSeq        int64 // the event up to which the last reply told, which may be lost
	TriedAt         *time.Time
	RemindAt        *time.Time
	Tries           int
	CreatedAt       time.Time
	Urgent          int64 // the newest event that must be heard of at once; 0: none
	UrgentAt        *time.Time
}

const chatMessageColumns = `id, service, request_id, conversation, ref_conversation, ref, want_seq, message_seq, thread_seq, tried_seq, tried_at, remind_at, tries, created_at, urgent, urgent_at`

func scanChatMessage(row scanner) (m ChatMessage, err error) {
	var tried, remind, urgent sql.NullInt64
	var created int64
	err = row.Scan(&m.ID, &m.Service, &m.RequestID, &m.Conversation, &m.RefConversation, &m.Ref, &m.WantSeq, &m.MessageSeq, &m.ThreadSeq, &m.TriedSeq, &tried, &remind, &m.Tries, &created, &m.Urgent, &urgent)
	m.TriedAt, m.RemindAt, m.CreatedAt, m.UrgentAt = timePtr(tried), timePtr(remind), timeOf(created), timePtr(urgent)
	return m, err
}

// WantChatMessages records that messages are to say what happened up to their WantSeq.
// There is one for each ID; several events before it is sent cost one call. One that is to
// say something more that is Urgent is due at once, however often it failed before.
func (l *Ledger) WantChatMessages(ctx context.Context, now time.Time, list ...ChatMessage) error {
	if len(list) == 0 {
		return nil
	}
	return l.tx(ctx, func(q querier) error {
		for _, m := range list {
			var since *time.Time
			if m.Urgent > 0 {
				since = &now
			}
			if _, err := q.exec(ctx, `INSERT INTO chat_messages (id, service, request_id, conversation, want_seq, thread_seq, due_at, created_at, urgent, urgent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (id) DO UPDATE SET want_seq = CASE WHEN chat_messages.want_seq < excluded.want_seq THEN excluded.want_seq ELSE chat_messages.want_seq END,
				due_at = CASE WHEN chat_messages.urgent < excluded.urgent THEN excluded.due_at ELSE chat_messages.due_at END,
				urgent_at = CASE WHEN chat_messages.urgent >= excluded.urgent THEN chat_messages.urgent_at
					WHEN chat_messages.urgent > chat_messages.message_seq THEN chat_messages.urgent_at ELSE excluded.urgent_at END,
				urgent = CASE WHEN chat_messages.urgent < excluded.urgent THEN excluded.urgent ELSE chat_messages.urgent END`,
				m.ID, m.Service, m.RequestID, m.Conversation, m.WantSeq, m.ThreadSeq, micros(now), micros(now), m.Urgent, microsOf(since)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ClaimChatMessage returns a message that is not as it should be, if the service may be
// called now, and lets nobody call the service before every is over, nor have this
// message before until. What is urgent goes before all else, in the message and then in
// its thread; then those whose text is old, and of them the one to which something
// happened last. ok is false where there is nothing to do now.
func (l *Ledger) ClaimChatMessage(ctx context.Context, service string, now, until time.Time, every time.Duration) (m ChatMessage, ok bool, err error) {
	err = l.tx(ctx, func(q querier) error {
		ok = false
		if _, err := q.exec(ctx, `INSERT INTO chat_pace (service, next_at) VALUES (?, 0) ON CONFLICT (service) DO NOTHING`, service); err != nil {
			return err
		}
		pace, err := collect(ctx, q, func(row scanner) (next int64, err error) { err = row.Scan(&next); return next, err },
			`SELECT next_at FROM chat_pace WHERE service = ?`+q.dialect.forUpdate(), service)
		if err != nil || len(pace) == 0 || pace[0] > micros(now) {
			return err
		}
		list, err := collect(ctx, q, scanChatMessage, `SELECT `+chatMessageColumns+` FROM chat_messages WHERE service = ? AND due_at <= ? AND claimed <= ?
			AND (want_seq > thread_seq OR want_seq > message_seq OR remind_at <= ?) ORDER BY CASE WHEN urgent > message_seq OR urgent > thread_seq THEN 0 WHEN want_seq > message_seq THEN 1 WHEN remind_at <= ? THEN 2 ELSE 3 END, want_seq DESC, id LIMIT 1`,
			service, micros(now), micros(now), micros(now), micros(now))
		if err != nil || len(list) == 0 {
			return err
		}
		m, ok = list[0], true
		m.Tries++
		if _, err := q.exec(ctx, `UPDATE chat_messages SET claimed = ?, tries = ? WHERE id = ?`, micros(until), m.Tries, m.ID); err != nil {
			return err
		}
		_, err = q.exec(ctx, `UPDATE chat_pace SET next_at = ? WHERE service = ?`, micros(now.Add(every)), service)
		return err
	})
	return m, ok, err
}

// TryChatMessage records, before a post or a reply is made, that it may be made and its
// response lost: whoever tries again looks for it first. tried is the event up to which
// a reply tells.
func (l *Ledger) TryChatMessage(ctx context.Context, id string, tried int64, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE chat_messages SET tried_seq = ?, tried_at = ? WHERE id = ?`, tried, micros(at), id)
		return err
	})
}

// SentChatMessage records how far a message has got: its RefConversation, Ref, MessageSeq, ThreadSeq and
// RemindAt. It is nobody's then.
func (l *Ledger) SentChatMessage(ctx context.Context, m ChatMessage) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE chat_messages SET ref_conversation = ?, ref = ?, message_seq = ?, thread_seq = ?, remind_at = ?, tried_at = NULL, tries = 0, problem = '', claimed = 0 WHERE id = ?`,
			m.RefConversation, m.Ref, m.MessageSeq, m.ThreadSeq, microsOf(m.RemindAt), m.ID)
		return err
	})
}

// RetryChatMessage records why a message could not be sent, and when it is tried again.
func (l *Ledger) RetryChatMessage(ctx context.Context, id, problem string, due time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE chat_messages SET problem = ?, due_at = ?, claimed = 0 WHERE id = ?`, problem, micros(due), id)
		return err
	})
}

// HoldChat lets nobody call a service before a time: it wants fewer calls.
func (l *Ledger) HoldChat(ctx context.Context, service string, until time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE chat_pace SET next_at = ? WHERE service = ? AND next_at < ?`, micros(until), service, micros(until))
		return err
	})
}

// ChatCounts are what a chat service has not got yet.
type ChatCounts struct {
	Waiting int64 // messages that are not as they should be
	Failing int64 // of them, those that failed last
	Urgent  int64 // of Waiting, what must be heard of at once and could not be sent yet
	Acts    int64 // what people did, and is not done yet
	Replies int64 // what people are to be told of what they did
}

// ChatCounts counts what waits for a chat service.
func (l *Ledger) ChatCounts(ctx context.Context) (c ChatCounts, err error) {
	err = l.reader().row(ctx, `SELECT (SELECT count(*) FROM chat_messages WHERE want_seq > thread_seq OR want_seq > message_seq), (SELECT count(*) FROM chat_messages WHERE (want_seq > thread_seq OR want_seq > message_seq) AND problem <> ''),
		(SELECT count(*) FROM chat_messages WHERE urgent > message_seq AND (problem <> '' OR alarmed >= urgent)),
		(SELECT count(*) FROM external_acts WHERE done_at IS NULL), (SELECT count(*) FROM chat_replies)`).Scan(&c.Waiting, &c.Failing, &c.Urgent, &c.Acts, &c.Replies)
	return c, wrapError(err)
}

// ForgetChatMessages deletes messages that are as they should be and older than a time:
// their requests are over, or say so by an event that makes a new one.
func (l *Ledger) ForgetChatMessages(ctx context.Context, before time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM chat_messages WHERE created_at < ? AND want_seq <= thread_seq AND want_seq <= message_seq AND remind_at IS NULL AND request_id IN
			(SELECT id FROM requests WHERE state IN ('ended', 'denied', 'cancelled', 'lapsed', 'failed'))`, micros(before))
		return err
	})
}
