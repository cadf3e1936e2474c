package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Group is a group of provisioned people.
type Group struct {
	ID         string   // ours
	Name       string   // what contracts call it; told apart without regard to case
	ExternalID string   // the provider's
	Members    []string // ids of users, in order
	CreatedAt  time.Time
	ChangedAt  time.Time
}

// GroupFilter narrows groups. Zero fields do not narrow.
type GroupFilter struct {
	ID         string
	Name       string
	ExternalID string
	Member     string // the id of a user
	NoMembers  bool   // leave the members out
	Skip       int
	Limit      int // 0: none are listed, only counted
}

const groupColumns = `id, name, external_id, created_at, changed_at`

func scanOneGroup(row scanner) (Group, error) {
	var g Group
	var created, changed int64
	err := row.Scan(&g.ID, &g.Name, &g.ExternalID, &created, &changed)
	g.CreatedAt, g.ChangedAt, g.Members = timeOf(created), timeOf(changed), []string{}
	return g, err
}

func (q querier) group(ctx context.Context, id, lock string) (Group, error) {
	g, err := scanOneGroup(q.row(ctx, `SELECT `+groupColumns+` FROM directory_groups WHERE id = ?`+lock, id))
	if errors.Is(err, sql.ErrNoRows) {
		return g, &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_group",
			Message: fmt.Sprintf("there is no group %q", access.Clip(id, 60))}}}
	}
	if err != nil {
		return g, err
	}
	g.Members, err = q.groupMembers(ctx, id)
	return g, err
}

func (q querier) groupMembers(ctx context.Context, id string) ([]string, error) {
	rows, err := q.rows(ctx, `SELECT user_id FROM directory_members WHERE group_id = ? ORDER BY user_id`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		var u string
		if err := rows.Scan(&u); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

// AddGroup adds a group with its members; one with the same name is
// CodeConflict, a member who is not there CodeInvalid.
func (l *Ledger) AddGroup(ctx context.Context, g Group, at time.Time) (Group, error) {
	g.ID, g.CreatedAt, g.ChangedAt = rand.Text(), at, at
	wanted := g.Members
	err := l.tx(ctx, func(q querier) error {
		if err := q.checkGroupName(ctx, g); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO directory_groups (`+groupColumns+`) VALUES (?, ?, ?, ?, ?)`,
			g.ID, g.Name, g.ExternalID, micros(at), micros(at)); err != nil {
			return err
		}
		var err error
		g.Members, err = l.setMembers(ctx, q, g, nil, wanted, at)
		return err
	})
	return g, err
}

func (q querier) checkGroupName(ctx context.Context, g Group) error {
	var id string
	err := q.row(ctx, `SELECT id FROM directory_groups WHERE lower(name) = lower(?) AND id <> ?`, g.Name, g.ID).Scan(&id)
	switch {
	case err == nil:
		return nameTaken(g.Name)
	case errors.Is(err, sql.ErrNoRows):
		return nil
	}
	return err
}

// setMembers writes what changes, and records it.
func (l *Ledger) setMembers(ctx context.Context, q querier, g Group, before, after []string, at time.Time) ([]string, error) {
	after = slices.Compact(slices.Sorted(slices.Values(after)))
	detail := map[string]string{"group": g.ID, "name": g.Name, "members": fmt.Sprint(len(after))}
	told := func(what, id string) {
		if len(detail[what]) < 600 {
			detail[what] = strings.TrimPrefix(detail[what]+","+id, ",")
		} else {
			detail[what] = strings.TrimSuffix(detail[what], ",…") + ",…"
		}
	}
	for _, id := range before {
		if _, stays := slices.BinarySearch(after, id); stays {
			continue
		}
		if _, err := q.exec(ctx, `DELETE FROM directory_members WHERE group_id = ? AND user_id = ?`, g.ID, id); err != nil {
			return nil, err
		}
		told("removed", id)
	}
	for _, id := range after {
		if slices.Contains(before, id) {
			continue
		}
		n, err := q.exec(ctx, `INSERT INTO directory_members (group_id, user_id)
			SELECT ?, id FROM directory_users WHERE id = ? AND deleted_at IS NULL`, g.ID, id)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, access.Invalid(access.Issue{Code: "unknown_member", Field: "members",
				Message: fmt.Sprintf("there is no user %q", access.Clip(id, 60))})
		}
		told("added", id)
	}
	return after, l.append(ctx, q, access.Event{At: at, Kind: access.EventGroupChanged, Actor: "scim", Detail: detail})
}

// UpdateGroup changes a group by a function, which may run more than once; an
// error of it changes nothing.
func (l *Ledger) UpdateGroup(ctx context.Context, id string, at time.Time, change func(*Group) error) (Group, error) {
	var g Group
	err := l.tx(ctx, func(q querier) error {
		before, err := q.group(ctx, id, l.forUpdate())
		if err != nil {
			return err
		}
		g = before
		g.Members = slices.Clone(before.Members)
		if err := change(&g); err != nil {
			return err
		}
		g.ID, g.CreatedAt, g.ChangedAt = before.ID, before.CreatedAt, before.ChangedAt
		g.Members = slices.Compact(slices.Sorted(slices.Values(g.Members)))
		if g.Name == before.Name && g.ExternalID == before.ExternalID && slices.Equal(g.Members, before.Members) {
			return nil // providers say the same again and again
		}
		g.ChangedAt = at
		if err := q.checkGroupName(ctx, g); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `UPDATE directory_groups SET name = ?, external_id = ?, changed_at = ? WHERE id = ?`,
			g.Name, g.ExternalID, micros(at), id); err != nil {
			return err
		}
		g.Members, err = l.setMembers(ctx, q, g, before.Members, g.Members, at)
		return err
	})
	return g, err
}

// DeleteGroup deletes a group: nobody is in it any more.
func (l *Ledger) DeleteGroup(ctx context.Context, id string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		g, err := q.group(ctx, id, l.forUpdate())
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM directory_members WHERE group_id = ?`, id); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM directory_groups WHERE id = ?`, id); err != nil {
			return err
		}
		return l.append(ctx, q, access.Event{At: at, Kind: access.EventGroupChanged, Actor: "scim", Message: "Deleted.",
			Detail: map[string]string{"group": g.ID, "name": g.Name, "members": "0"}})
	})
}

// Group is one group with its members.
func (l *Ledger) Group(ctx context.Context, id string) (Group, error) {
	g, err := l.reader().group(ctx, id, "")
	return g, wrapError(err)
}

// Groups lists groups by name, and how many there are in all.
func (l *Ledger) Groups(ctx context.Context, f GroupFilter) (list []Group, total int, err error) {
	where, args := []string{"1 = 1"}, []any{}
	and := func(cond, v string) {
		if v != "" {
			where, args = append(where, cond), append(args, v)
		}
	}
	and("id = ?", f.ID)
	and("lower(name) = lower(?)", f.Name)
	and("external_id = ?", f.ExternalID)
	and("id IN (SELECT group_id FROM directory_members WHERE user_id = ?)", f.Member)
	from := ` FROM directory_groups WHERE ` + strings.Join(where, " AND ")
	q := l.reader()
	if err := q.row(ctx, `SELECT count(*)`+from, args...).Scan(&total); err != nil {
		return nil, 0, wrapError(err)
	}
	rows, err := q.rows(ctx, `SELECT `+groupColumns+from+fmt.Sprintf(` ORDER BY lower(name), id LIMIT %d OFFSET %d`, max(f.Limit, 0), max(f.Skip, 0)), args...)
	if err != nil {
		return nil, 0, wrapError(err)
	}
	defer rows.Close()
	list = []Group{}
	for rows.Next() {
		g, err := scanOneGroup(rows)
		if err != nil {
			return nil, 0, wrapError(err)
		}
		list = append(list, g)
	}
	if err := rows.Err(); err != nil || f.NoMembers {
		return list, total, wrapError(err)
	}
	for i := range list {
		if list[i].Members, err = q.groupMembers(ctx, list[i].ID); err != nil {
			return nil, 0, wrapError(err)
		}
	}
	return list, total, nil
}
