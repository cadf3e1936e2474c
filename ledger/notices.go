package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Notice is one message about an event, to one address through one channel.
type Notice struct {
	ID        string
	Seq       int64 // the event's number
	RequestID string
	Kind      access.EventKind
	Channel   string
	Address   string
	Why       string // why this address hears of it
	Urgent    bool
	CreatedAt time.Time
	DueAt     time.Time
	Tries     int
	Problem   string // why it could not be sent last
}

// NoticeOutcome says what became of a notice.
type NoticeOutcome string

const (
	NoticeSent    NoticeOutcome = "sent"
	NoticeMoot    NoticeOutcome = "moot" // it had lost its meaning before it was sent
	NoticeGivenUp NoticeOutcome = "given up"
)

// AddNotices records notices that are to be sent. One that is recorded already stays
// as it is, so that events that are handled again send nothing again.
func (l *Ledger) AddNotices(ctx context.Context, notices ...Notice) error {
	if len(notices) == 0 {
		return nil
	}
	return l.tx(ctx, func(q querier) error {
		for _, n := range notices {
			if _, err := q.exec(ctx, `INSERT INTO notices (id, seq, request_id, kind, channel, address, why, urgent, created_at, due_at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
				n.ID, n.Seq, n.RequestID, string(n.Kind), n.Channel, n.Address, n.Why, boolInt(n.Urgent), micros(n.CreatedAt), micros(n.DueAt)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ClaimNotices returns notices that are due, urgent ones first, and counts a try of
// each. Nobody else is given them before until, when they are due again: a process
// that dies between sending one and saying so sends it a second time.
func (l *Ledger) ClaimNotices(ctx context.Context, now, until time.Time, limit int) (claimed []Notice, err error) {
	err = l.tx(ctx, func(q querier) error {
		claimed, err = collect(ctx, q, scanNotice, `SELECT id, seq, request_id, kind, channel, address, why, urgent, created_at, due_at, tries, problem
			FROM notices WHERE done_at IS NULL AND due_at <= ? ORDER BY urgent DESC, due_at, id LIMIT ?`+q.dialect.forUpdate(), micros(now), limit)
		if err != nil {
			return err
		}
		for i := range claimed {
			claimed[i].Tries++
			claimed[i].DueAt = until
			if _, err := q.exec(ctx, `UPDATE notices SET due_at = ?, tries = ? WHERE id = ?`, micros(until), claimed[i].Tries, claimed[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return claimed, err
}

func scanNotice(row scanner) (n Notice, err error) {
	var created, due, urgent int64
	var kind string
	err = row.Scan(&n.ID, &n.Seq, &n.RequestID, &kind, &n.Channel, &n.Address, &n.Why, &urgent, &created, &due, &n.Tries, &n.Problem)
	n.Kind, n.Urgent, n.CreatedAt, n.DueAt = access.EventKind(kind), urgent != 0, timeOf(created), timeOf(due)
	return n, err
}

// CloseNotice records what became of a notice; it is not tried again.
func (l *Ledger) CloseNotice(ctx context.Context, id string, outcome NoticeOutcome, problem string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE notices SET done_at = ?, outcome = ?, problem = ? WHERE id = ? AND done_at IS NULL`, micros(at), string(outcome), problem, id)
		return err
	})
}

// RetryNotice records why a notice could not be sent, and when it is tried again.
func (l *Ledger) RetryNotice(ctx context.Context, id, problem string, due time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE notices SET due_at = ?, problem = ? WHERE id = ? AND done_at IS NULL`, micros(due), problem, id)
		return err
	})
}

// ForgetNotices deletes notices that were done before a time, with their addresses.
func (l *Ledger) ForgetNotices(ctx context.Context, before time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM notices WHERE done_at < ?`, micros(before))
		return err
	})
}

// NoticeCounts are how many notices wait, and how many did not arrive.
type NoticeCounts struct {
	Waiting int64 // not sent yet, and not held back until later
	Urgent  int64 // of them, urgent ones that failed once at least
	GivenUp int64 // given up, and not forgotten yet
}

// NoticeCounts counts notices.
func (l *Ledger) NoticeCounts(ctx context.Context) (c NoticeCounts, err error) {
	err = l.reader().row(ctx, `SELECT
		(SELECT count(*) FROM notices WHERE done_at IS NULL AND (tries > 0 OR due_at <= created_at)),
		(SELECT count(*) FROM notices WHERE done_at IS NULL AND urgent = 1 AND problem <> ''),
		(SELECT count(*) FROM notices WHERE done_at IS NOT NULL AND outcome = ?)`, string(NoticeGivenUp)).Scan(&c.Waiting, &c.Urgent, &c.GivenUp)
	return c, wrapError(err)
}

// PeopleOf returns the ids of those who are in a group by the directory's tables, which
// prove nothing: DirectorySnapshot says of each whether a server signed it.
func (l *Ledger) PeopleOf(ctx context.Context, group string) ([]string, error) {
	return collect(ctx, l.reader(), scanText, `SELECT u.person_id FROM directory_users u
		JOIN directory_members m ON m.user_id = u.id JOIN directory_groups g ON g.id = m.group_id WHERE g.name_key = ? ORDER BY u.person_id`, access.FoldID(group))
}
