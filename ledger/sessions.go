package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ramp.dev/ramp/access"
)

// Session is one browser's session. Its token is a digest of what the browser
// holds, so that anybody who reads the ledger cannot use it to sign in.
type Session struct {
	Token     string
	PersonID  string
	Data      []byte // sealed by the servers; the ledger is not believed of who somebody is
	Address   string
	UserAgent string // what the browser calls itself
	CreatedAt time.Time
	SeenAt    time.Time // about: not every use is written
	ExpiresAt time.Time
}

const sessionColumns = `token_digest, person_id, data, address, user_agent, created_at, seen_at, expires_at`

func scanSession(row scanner) (Session, error) {
	var s Session
	var created, seen, expires int64
	err := row.Scan(&s.Token, &s.PersonID, &s.Data, &s.Address, &s.UserAgent, &created, &seen, &expires)
	s.CreatedAt, s.SeenAt, s.ExpiresAt = timeOf(created), timeOf(seen), timeOf(expires)
	return s, err
}

// AddSession adds a session with the event of its login, and deletes those that are
// over.
func (l *Ledger) AddSession(ctx context.Context, s Session, login access.Event) error {
	return l.tx(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `DELETE FROM sessions WHERE expires_at < ?`, micros(s.SeenAt)); err != nil {
			return err
		}
		n, err := q.exec(ctx, `INSERT INTO sessions (`+sessionColumns+`, person_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (token_digest) DO NOTHING`,
			s.Token, s.PersonID, s.Data, s.Address, s.UserAgent, micros(s.CreatedAt), micros(s.SeenAt), micros(s.ExpiresAt), access.FoldID(s.PersonID))
		if err != nil || n == 0 {
			return err
		}
		return q.append(ctx, login)
	})
}

// UpdateSession replaces what changes in a session. One that was ended meanwhile
// stays ended.
func (l *Ledger) UpdateSession(ctx context.Context, s Session) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE sessions SET person_id = ?, person_key = ?, data = ?, address = ?, user_agent = ?, seen_at = ?, expires_at = ? WHERE token_digest = ?`,
			s.PersonID, access.FoldID(s.PersonID), s.Data, s.Address, s.UserAgent, micros(s.SeenAt), micros(s.ExpiresAt), s.Token)
		return err
	})
}

// everywhere is the message of an event that ends all sessions of its actor.
const everywhere = "Everywhere."

// sessionEndedKey is the key of the event that ended one session.
func sessionEndedKey(token string) string { return "session ended " + token }

// notEnded is a condition on a session's row: the log records no end of it. A row that
// was copied, and put back after its session was ended, is sealed still.
const notEnded = ` AND NOT EXISTS (SELECT 1 FROM events e WHERE e.request_id = '' AND e.idempotency_key <> ''
		AND e.idempotency_key = 'session ended ' || sessions.token_digest)
	AND NOT EXISTS (SELECT 1 FROM events e WHERE e.kind = 'session.ended' AND e.actor = sessions.person_id AND e.at >= sessions.created_at AND e.message = '` + everywhere + `')`

// Session returns a session that is not over at a time; CodeNotFound otherwise.
func (l *Ledger) Session(ctx context.Context, token string, at time.Time) (Session, error) {
	return first(ctx, l.reader(), scanSession, access.Errorf(access.CodeNotFound, "there is no such session"),
		`SELECT `+sessionColumns+` FROM sessions WHERE token_digest = ? AND expires_at > ?`+notEnded, token, micros(at))
}

// Sessions returns the sessions of a person that are not over at a time, the
// last used first, 100 at most.
func (l *Ledger) Sessions(ctx context.Context, person string, at time.Time) ([]Session, error) {
	return collect(ctx, l.reader(), scanSession, `SELECT `+sessionColumns+` FROM sessions
		WHERE person_key = ? AND expires_at > ?`+notEnded+` ORDER BY seen_at DESC, token_digest LIMIT 100`, access.FoldID(person), micros(at))
}

// EndSession ends one session, and records it; one that is over is no error.
func (l *Ledger) EndSession(ctx context.Context, token string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		var person string
		err := q.row(ctx, `SELECT person_id FROM sessions WHERE token_digest = ?`, token).Scan(&person)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil {
			_, err = q.exec(ctx, `DELETE FROM sessions WHERE token_digest = ?`, token)
		}
		if err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, Kind: access.EventSessionsEnded, Actor: person, Message: "In one browser.", Key: sessionEndedKey(token)})
	})
}

// EndSessions ends all sessions of a person, and records it.
func (l *Ledger) EndSessions(ctx context.Context, person string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `DELETE FROM sessions WHERE person_key = ?`, access.FoldID(person)); err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, Kind: access.EventSessionsEnded, Actor: person, Message: everywhere})
	})
}

// endSessions ends the sessions of people who have left, under any of their ids.
func (q querier) endSessions(ctx context.Context, at time.Time, people ...string) error {
	for _, person := range people {
		rows, err := collect(ctx, q, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE person_key = ?`, access.FoldID(person))
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM sessions WHERE person_key = ?`, access.FoldID(person)); err != nil {
			return err
		}
		for _, s := range rows {
			if err := q.append(ctx, access.Event{At: at, Kind: access.EventSessionsEnded, Actor: s.PersonID, Message: "They have left.", Key: sessionEndedKey(s.Token)}); err != nil {
				return err
			}
		}
	}
	return nil
}
