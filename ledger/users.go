package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// User is one person as a provider provisions them.
type User struct {
	ID         string // ours
	PersonID   string // the id in this person's tokens
	UserName   string // told apart without regard to case
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

const userColumns = `id, person, user_name, external_id, name, email, active, attributes, created_at, changed_at`

func scanUser(row scanner) (User, error) {
	var u User
	var active int
	var created, changed int64
	err := row.Scan(&u.ID, &u.PersonID, &u.UserName, &u.ExternalID, &u.Name, &u.Email, &active, &u.Attributes, &created, &changed)
	u.Active, u.CreatedAt, u.ChangedAt = active != 0, timeOf(created), timeOf(changed)
	return u, err
}

func unknownUser(id string) error {
	return &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_user",
		Message: fmt.Sprintf("there is no user %q", access.Clip(id, 60))}}}
}

// nameTaken is CodeConflict.
func nameTaken(name string) error {
	return &access.Error{Code: access.CodeConflict, Issues: []access.Issue{{Code: "name_taken",
		Message: fmt.Sprintf("%q is there already", access.Clip(name, 100))}}}
}

// AddUser adds a person; one with the same user name is CodeConflict.
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
		return l.append(ctx, q, access.Event{At: at, Kind: access.EventPersonAdded, Actor: "scim", Detail: userDetail(u)})
	})
	return u, err
}

func (q querier) checkUserName(ctx context.Context, u User) error {
	var id string
	err := q.row(ctx, `SELECT id FROM directory_users WHERE lower(user_name) = lower(?) AND deleted_at IS NULL AND id <> ?`, u.UserName, u.ID).Scan(&id)
	switch {
	case err == nil:
		return nameTaken(u.UserName)
	case errors.Is(err, sql.ErrNoRows):
		return nil
	}
	return err
}

func userDetail(u User) map[string]string {
	return map[string]string{"user": u.ID, "person": u.PersonID, "userName": u.UserName, "active": fmt.Sprint(u.Active)}
}

// UpdateUser changes a person by a function, which may run more than once; an
// error of it changes nothing.
func (l *Ledger) UpdateUser(ctx context.Context, id string, at time.Time, change func(*User) error) (User, error) {
	var u User
	err := l.tx(ctx, func(q querier) error {
		before, err := scanUser(q.row(ctx, `SELECT `+userColumns+` FROM directory_users WHERE id = ? AND deleted_at IS NULL`+l.forUpdate(), id))
		if errors.Is(err, sql.ErrNoRows) {
			return unknownUser(id)
		}
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
		if _, err := q.exec(ctx, `UPDATE directory_users SET person = ?, user_name = ?, external_id = ?, name = ?, email = ?, active = ?,
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
		return l.append(ctx, q, access.Event{At: at, Kind: kind, Actor: "scim", Detail: userDetail(u)})
	})
	return u, err
}

// DeleteUser forgets a person's place, not that they have left. Deleting one
// who is not there is CodeNotFound.
func (l *Ledger) DeleteUser(ctx context.Context, id string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		u, err := scanUser(q.row(ctx, `SELECT `+userColumns+` FROM directory_users WHERE id = ? AND deleted_at IS NULL`+l.forUpdate(), id))
		if errors.Is(err, sql.ErrNoRows) {
			return unknownUser(id)
		}
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
		return l.append(ctx, q, access.Event{At: at, Kind: access.EventPersonLeft, Actor: "scim", Message: "Deleted.", Detail: userDetail(u)})
	})
}

// User is one person; CodeNotFound for one who was deleted.
func (l *Ledger) User(ctx context.Context, id string) (User, error) {
	u, err := scanUser(l.reader().row(ctx, `SELECT `+userColumns+` FROM directory_users WHERE id = ? AND deleted_at IS NULL`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return u, unknownUser(id)
	}
	return u, wrapError(err)
}

// Users lists people by user name, and how many there are in all.
func (l *Ledger) Users(ctx context.Context, f UserFilter) (list []User, total int, err error) {
	where, args := []string{"deleted_at IS NULL"}, []any{}
	and := func(cond, v string) {
		if v != "" {
			where, args = append(where, cond), append(args, v)
		}
	}
	and("id = ?", f.ID)
	and("lower(user_name) = lower(?)", f.UserName)
	and("external_id = ?", f.ExternalID)
	and("person = ?", f.PersonID)
	from := ` FROM directory_users WHERE ` + strings.Join(where, " AND ")
	q := l.reader()
	if err := q.row(ctx, `SELECT count(*)`+from, args...).Scan(&total); err != nil {
		return nil, 0, wrapError(err)
	}
	rows, err := q.rows(ctx, `SELECT `+userColumns+from+fmt.Sprintf(` ORDER BY lower(user_name), id LIMIT %d OFFSET %d`, max(f.Limit, 0), max(f.Skip, 0)), args...)
	if err != nil {
		return nil, 0, wrapError(err)
	}
	defer rows.Close()
	list = []User{}
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, 0, wrapError(err)
		}
		list = append(list, u)
	}
	return list, total, wrapError(rows.Err())
}

// forUpdate keeps others from a row until the transaction ends; SQLite has one
// writer anyway.
func (l *Ledger) forUpdate() string {
	if l.batchWriter == nil {
		return ` FOR UPDATE`
	}
	return ""
}
