package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// User is a person as a provider provisions them (RFC 7643).
type User struct {
	ID         string // Ramp's
	PersonID   string // the id in this person's tokens
	UserName   string // unique without regard to case
	ExternalID string // the provider's
	Name       string
	Email      string
	Active     bool
	Attributes string // what else the provider said: a JSON object
	CreatedAt  time.Time
	ChangedAt  time.Time
}

// UserFilter narrows users. Zero fields do not narrow.
type UserFilter struct {
	ID         string
	UserName   string
	ExternalID string
	PersonID   string
	Skip       int
	Limit      int // 0: none are listed, only counted
}

const userColumns = `id, person_id, user_name, external_id, name, email, active, attributes, created_at, changed_at`

func scanUser(row scanner) (User, error) {
	var u User
	var active int
	var created, changed int64
	err := row.Scan(&u.ID, &u.PersonID, &u.UserName, &u.ExternalID, &u.Name, &u.Email, &active, &u.Attributes, &created, &changed)
	u.Active, u.CreatedAt, u.ChangedAt = active != 0, timeOf(created), timeOf(changed)
	return u, err
}

// unknownUser is CodeNotFound.
func unknownUser(id string) error {
	return &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_user",
		Message: fmt.Sprintf("there is no user %q", access.Clip(id, 60))}}}
}

// nameTaken is CodeConflict.
func nameTaken(name string) error {
	return &access.Error{Code: access.CodeConflict, Issues: []access.Issue{{Code: "name_taken",
		Message: fmt.Sprintf("the name %q is taken", access.Clip(name, 100))}}}
}

// AddUser adds a person. Errors are also CodeConflict: the user name is taken.
func (l *Ledger) AddUser(ctx context.Context, u User, at time.Time) (User, error) {
	u.ID, u.CreatedAt, u.ChangedAt = rand.Text(), at, at
	err := l.tx(ctx, func(q querier) error {
		if err := q.checkUserName(ctx, u); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO directory_users (`+userColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			u.ID, u.PersonID, u.UserName, u.ExternalID, u.Name, u.Email, boolInt(u.Active), u.Attributes, micros(at), micros(at)); err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, Kind: access.EventPersonAdded, Actor: access.ActorSCIM, Detail: userDetail(u)})
	})
	return u, err
}

func (q querier) checkUserName(ctx context.Context, u User) error {
	taken, err := q.exists(ctx, `SELECT 1 FROM directory_users WHERE lower(user_name) = lower(?) AND deleted_at IS NULL AND id <> ?`, u.UserName, u.ID)
	if taken {
		return nameTaken(u.UserName)
	}
	return err
}

func userDetail(u User) map[string]string {
	return map[string]string{"user": u.ID, "person": u.PersonID, "userName": u.UserName, "active": fmt.Sprint(u.Active)}
}

// UpdateUser changes a person by a function, which may run more than once; if it
// returns an error, nothing changes. Ending a person's employment (Active from
// true to false) ends their sessions.
func (l *Ledger) UpdateUser(ctx context.Context, id string, at time.Time, change func(*User) error) (User, error) {
	var u User
	err := l.tx(ctx, func(q querier) error {
		before, err := q.user(ctx, id, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		u = before
		if err := change(&u); err != nil {
			return err
		}
		u.ID, u.CreatedAt, u.ChangedAt = before.ID, before.CreatedAt, before.ChangedAt
		if u == before {
			return nil
		}
		u.ChangedAt = at
		if err := q.checkUserName(ctx, u); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `UPDATE directory_users SET person_id = ?, user_name = ?, external_id = ?, name = ?, email = ?, active = ?,
			attributes = ?, changed_at = ? WHERE id = ?`, u.PersonID, u.UserName, u.ExternalID, u.Name, u.Email, boolInt(u.Active), u.Attributes,
			micros(at), id); err != nil {
			return err
		}
		kind := access.EventPersonChanged
		if before.Active && !u.Active {
			kind = access.EventPersonLeft
			if err := q.endSessions(ctx, before.PersonID); err != nil {
				return err
			}
		}
		return q.append(ctx, access.Event{At: at, Kind: kind, Actor: access.ActorSCIM, Detail: userDetail(u)})
	})
	return u, err
}

// DeleteUser deletes a person, who stays known as one who has left. Errors are
// also CodeNotFound: there is no such person.
func (l *Ledger) DeleteUser(ctx context.Context, id string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		u, err := q.user(ctx, id, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		u.Active = false
		if err := q.endSessions(ctx, u.PersonID); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM directory_members WHERE user_id = ?`, id); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `UPDATE directory_users SET active = 0, changed_at = ?, deleted_at = ? WHERE id = ?`, micros(at), micros(at), id); err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, Kind: access.EventPersonLeft, Actor: access.ActorSCIM, Message: "Deleted.", Detail: userDetail(u)})
	})
}

func (q querier) user(ctx context.Context, id, lock string) (User, error) {
	return first(ctx, q, scanUser, unknownUser(id), `SELECT `+userColumns+` FROM directory_users WHERE id = ? AND deleted_at IS NULL`+lock, id)
}

// User returns one person; CodeNotFound for one who was deleted.
func (l *Ledger) User(ctx context.Context, id string) (User, error) {
	return l.reader().user(ctx, id, "")
}

// Users lists people by user name, and returns how many there are in all.
func (l *Ledger) Users(ctx context.Context, f UserFilter) (users []User, total int, err error) {
	var where conditions
	where.and("deleted_at IS NULL")
	where.equal("id", f.ID)
	where.match("lower(user_name) = lower(?)", f.UserName)
	where.equal("external_id", f.ExternalID)
	where.equal("person_id", f.PersonID)
	return page(ctx, l.reader(), scanUser, userColumns, ` FROM directory_users`+where.String(), where.args, `lower(user_name), id`, f.Skip, f.Limit)
}
