package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// User is a person as a provider provisions them (RFC 7643).
type User struct {
	ID         string // Ramp's
	PersonID   string // the id in this person's tokens
	UserName   string // unique by access.FoldID
	ExternalID string // the provider's
	Name       string
	Email      string
	Active     bool
	Attributes string // what else the provider said: a JSON object
	CreatedAt  time.Time
	ChangedAt  time.Time
	// Unproven says that the row is not as a server signed it, or older than the last
	// change. The person is nobody then, and only a change that keeps nothing of the
	// row, or deletes it, is safe.
	Unproven bool
}

// UserFilter narrows users. Zero fields do not narrow.
type UserFilter struct {
	ID         string
	UserName   string
	ExternalID string
	Skip       int
	Limit      int // 0: none are listed, only counted
}

// userRecord is what a server signs of a person.
type userRecord struct {
	ID         string   `json:"id"`
	Version    int64    `json:"version"`
	PersonID   string   `json:"person"`
	IDs        []string `json:"ids"` // every PersonID that they ever had, by access.FoldID, sorted
	UserName   string   `json:"userName"`
	ExternalID string   `json:"externalId"`
	Name       string   `json:"name"`
	Email      string   `json:"email"`
	Active     bool     `json:"active"`
	Deleted    bool     `json:"deleted"`
	Attributes string   `json:"attributes"` // SHA-256, in hexadecimal
}

// userRow is a row, and what its record says.
type userRow struct {
	User
	version int64
	deleted bool
	record  userRecord // the zero record where the row is not proven
}

const userColumns = `id, person_id, user_name, external_id, name, email, active, attributes, created_at, changed_at`

// userSelect are the columns of a row with what proves it.
var userSelect = userColumns + `, version, record, deleted_at IS NOT NULL, ` + newer(`'directory user ' || directory_users.id || ' '`, `directory_users.version`)

func (q querier) scanUser(row scanner) (userRow, error) {
	var u userRow
	var active, isNewer int
	var created, changed int64
	var signed string
	err := row.Scan(&u.ID, &u.PersonID, &u.UserName, &u.ExternalID, &u.Name, &u.Email, &active, &u.Attributes, &created, &changed,
		&u.version, &signed, &u.deleted, &isNewer)
	if err != nil {
		return u, err
	}
	u.CreatedAt, u.ChangedAt = timeOf(created), timeOf(changed)
	r, ok := readRecord[userRecord](q.notary, access.RecordUser, signed)
	if u.Unproven = !ok || r.ID != u.ID || r.Version != u.version || r.Deleted != u.deleted || isNewer != 0 || r.Attributes != digest(u.Attributes); u.Unproven {
		return u, nil // inactive
	}
	u.record = r
	u.PersonID, u.UserName, u.ExternalID, u.Name, u.Email, u.Active = r.PersonID, r.UserName, r.ExternalID, r.Name, r.Email, r.Active
	return u, nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
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
	u.ID, u.CreatedAt, u.ChangedAt, u.Unproven = rand.Text(), at, at, false
	err := l.tx(ctx, func(q querier) error {
		if err := q.checkUserName(ctx, u); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO directory_users (`+userColumns+`, user_name_key, version, record)
			VALUES (?, '', '', '', '', '', 0, '{}', ?, ?, ?, 0, '')`, u.ID, micros(at), micros(at), access.FoldID(u.UserName)); err != nil {
			return err
		}
		return q.writeUser(ctx, u, userRecord{}, false, access.Event{At: at, Kind: access.EventPersonAdded})
	})
	return u, err
}

// writeUser writes a person as they are from now on, signed, with the event that says
// so. before is the zero record where nothing that was there is proven.
func (q querier) writeUser(ctx context.Context, u User, before userRecord, deleted bool, e access.Event) error {
	last := before.Version
	if e.Kind != access.EventPersonAdded {
		last = max(last, 1) // the first one's event may have another key
	}
	version, err := q.nextVersion(ctx, last, func(v int64) string { return userKey(u.ID, v) })
	if err != nil {
		return err
	}
	r := userRecord{ID: u.ID, Version: version, PersonID: u.PersonID, IDs: before.IDs, UserName: u.UserName, ExternalID: u.ExternalID,
		Name: u.Name, Email: u.Email, Active: u.Active, Deleted: deleted, Attributes: digest(u.Attributes)}
	e.Actor, e.Key, e.Detail = access.ActorSCIM, userKey(u.ID, version), userDetail(u)
	events := []access.Event{e}
	if id := access.FoldID(u.PersonID); id != "" && !slices.Contains(r.IDs, id) {
		r.IDs = slices.Sorted(slices.Values(append(slices.Clone(r.IDs), id)))
		if _, err := q.exec(ctx, `INSERT INTO directory_ids (person_key, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING`, id, u.ID); err != nil {
			return err
		}
		known, err := q.hasEvent(ctx, knownKey(id))
		if err != nil {
			return err
		}
		first := access.Event{At: e.At, Kind: access.EventPersonChanged, Actor: access.ActorSCIM, Message: "Known by this id from now on.", Key: knownKey(id), Detail: userDetail(u)}
		switch {
		case !known && version == 1: // nothing can be put back that was before the first version
			events[0].Key = first.Key
		case !known:
			events = append(events, first)
		}
	}
	signed, err := signRecord(q.notary, access.RecordUser, r)
	if err != nil {
		return err
	}
	var deletedAt *time.Time
	if deleted {
		deletedAt = &e.At
	}
	if _, err := q.exec(ctx, `UPDATE directory_users SET person_id = ?, user_name = ?, user_name_key = ?, external_id = ?, name = ?, email = ?, active = ?,
		attributes = ?, changed_at = ?, version = ?, record = ?, deleted_at = ? WHERE id = ?`, u.PersonID, u.UserName, access.FoldID(u.UserName), u.ExternalID,
		u.Name, u.Email, boolInt(u.Active), u.Attributes, micros(e.At), version, signed, microsOf(deletedAt), u.ID); err != nil {
		return err
	}
	return q.append(ctx, events...)
}

func (q querier) checkUserName(ctx context.Context, u User) error {
	taken, err := q.exists(ctx, `SELECT 1 FROM directory_users WHERE user_name_key = ? AND deleted_at IS NULL AND id <> ?`, access.FoldID(u.UserName), u.ID)
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
// true to false) ends their sessions, under every id that they had. The function is
// given an Unproven row as it stands; what it returns is proven again.
func (l *Ledger) UpdateUser(ctx context.Context, id string, at time.Time, change func(*User) error) (User, error) {
	var u User
	err := l.tx(ctx, func(q querier) error {
		before, err := q.user(ctx, id, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		u = before.User
		if err := change(&u); err != nil {
			return err
		}
		u.ID, u.CreatedAt, u.ChangedAt, u.Unproven = before.ID, before.CreatedAt, before.ChangedAt, false
		if u == before.User {
			return nil
		}
		u.ChangedAt = at
		if err := q.checkUserName(ctx, u); err != nil {
			return err
		}
		kind := access.EventPersonChanged
		if !u.Active && (before.Active || before.Unproven) {
			kind = access.EventPersonLeft
			if err := q.endSessions(ctx, at, append(before.record.IDs, before.PersonID, u.PersonID)...); err != nil {
				return err
			}
		}
		return q.writeUser(ctx, u, before.record, false, access.Event{At: at, Kind: kind})
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
		if err := q.endSessions(ctx, at, append(u.record.IDs, u.PersonID)...); err != nil {
			return err
		}
		if err := q.leaveGroups(ctx, id, at); err != nil {
			return err
		}
		if u.Unproven { // nothing of it is signed as it stands
			u.User = User{ID: u.ID, Attributes: "{}"}
		}
		u.Active = false
		return q.writeUser(ctx, u.User, u.record, true, access.Event{At: at, Kind: access.EventPersonLeft, Message: "Deleted."})
	})
}

func (q querier) user(ctx context.Context, id, lock string) (userRow, error) {
	return first(ctx, q, q.scanUser, unknownUser(id), `SELECT `+userSelect+` FROM directory_users WHERE id = ? AND deleted_at IS NULL`+lock, id)
}

// User returns one person; CodeNotFound for one who was deleted.
func (l *Ledger) User(ctx context.Context, id string) (User, error) {
	u, err := l.reader().user(ctx, id, "")
	return u.User, err
}

// Users lists people by user name, and returns how many there are in all.
func (l *Ledger) Users(ctx context.Context, f UserFilter) (users []User, total int, err error) {
	var where conditions
	where.and("deleted_at IS NULL")
	where.equal("id", f.ID)
	where.match("user_name_key = ?", access.FoldID(f.UserName))
	where.equal("external_id", f.ExternalID)
	q := l.reader()
	rows, total, err := page(ctx, q, q.scanUser, userSelect, ` FROM directory_users`+where.String(), where.args, `user_name_key, id`, f.Skip, f.Limit)
	for _, r := range rows {
		users = append(users, r.User)
	}
	return users, total, err
}
