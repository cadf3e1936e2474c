package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// LateChatMessages returns messages that have not said something urgent since before a
// time, and of which there is no alarm yet.
func (l *Ledger) LateChatMessages(ctx context.Context, service string, before time.Time) ([]ChatMessage, error) {
	return collect(ctx, l.reader(), scanChatMessage, `SELECT `+chatMessageColumns+` FROM chat_messages WHERE service = ? AND urgent > message_seq AND urgent_at <= ? AND alarmed < urgent ORDER BY urgent_at, id LIMIT 100`,
		service, micros(before))
}

// AlarmOfChatMessage records the event that a message did not say something urgent, once
// for each event that it was to say.
func (l *Ledger) AlarmOfChatMessage(ctx context.Context, m ChatMessage, e access.Event) error {
	return l.tx(ctx, func(q querier) error {
		n, err := q.exec(ctx, `UPDATE chat_messages SET alarmed = ? WHERE id = ? AND alarmed < ?`, m.Urgent, m.ID, m.Urgent)
		if err != nil || n == 0 {
			return err
		}
		return q.append(ctx, e)
	})
}
