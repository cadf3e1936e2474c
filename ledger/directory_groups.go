package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Group is a group of people as a provider provisions it (RFC 7643).
type Group struct {
	ID         string   // Ramp's
	Name       string   // what contracts call it; unique without regard to case
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

func scanGroup(row scanner) (Group, error) {
	var g Group
	var created, changed int64
	err := row.Scan(&g.ID, &g.Name, &g.ExternalID, &created, &changed)
	g.CreatedAt, g.ChangedAt, g.Members = timeOf(created), timeOf(changed), []string{}
	return g, err
}

func (q querier) group(ctx context.Context, id, lock string) (Group, error) {
	unknown := &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_group",
		Message: fmt.Sprintf("there is no group %q", access.Clip(id, 60))}}}
	g, err := first(ctx, q, scanGroup, unknown, `SELECT `+groupColumns+` FROM directory_groups WHERE id = ?`+lock, id)
	if err != nil {
		return g, err
	}
	g.Members, err = q.groupMembers(ctx, id)
	return g, err
}

func (q querier) groupMembers(ctx context.Context, id string) ([]string, error) {
	return collect(ctx, q, scanText, `SELECT user_id FROM directory_members WHERE group_id = ? ORDER BY user_id`, id)
}

// AddGroup adds a group with its members. Errors are also CodeConflict: the name
// is taken; and CodeInvalid: a member is not in the directory.
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
		g.Members, err = q.setMembers(ctx, g, nil, wanted, at)
		return err
	})
	return g, err
}

func (q querier) checkGroupName(ctx context.Context, g Group) error {
	taken, err := q.exists(ctx, `SELECT 1 FROM directory_groups WHERE lower(name) = lower(?) AND id <> ?`, g.Name, g.ID)
	if taken {
		return nameTaken(g.Name)
	}
	return err
}

// setMembers writes the difference of two lists of members, and records it. It
// returns the new members in order.
func (q querier) setMembers(ctx context.Context, g Group, before, after []string, at time.Time) ([]string, error) {
	after = slices.Compact(slices.Sorted(slices.Values(after)))
	detail := map[string]string{"group": g.ID, "name": g.Name, "members": fmt.Sprint(len(after))}
	note := func(what, id string) {
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
		note("removed", id)
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
		note("added", id)
	}
	return after, q.append(ctx, access.Event{At: at, Kind: access.EventGroupChanged, Actor: access.ActorSCIM, Detail: detail})
}

// UpdateGroup changes a group by a function, which may run more than once; if it
// returns an error, nothing changes.
func (l *Ledger) UpdateGroup(ctx context.Context, id string, at time.Time, change func(*Group) error) (Group, error) {
	var g Group
	err := l.tx(ctx, func(q querier) error {
		before, err := q.group(ctx, id, q.dialect.forUpdate())
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
			return nil // providers repeat what has not changed
		}
		g.ChangedAt = at
		if err := q.checkGroupName(ctx, g); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `UPDATE directory_groups SET name = ?, external_id = ?, changed_at = ? WHERE id = ?`,
			g.Name, g.ExternalID, micros(at), id); err != nil {
			return err
		}
		g.Members, err = q.setMembers(ctx, g, before.Members, g.Members, at)
		return err
	})
	return g, err
}

// DeleteGroup deletes a group; nobody is in it any more.
func (l *Ledger) DeleteGroup(ctx context.Context, id string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		g, err := q.group(ctx, id, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM directory_members WHERE group_id = ?`, id); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM directory_groups WHERE id = ?`, id); err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, Kind: access.EventGroupChanged, Actor: access.ActorSCIM, Message: "Deleted.",
			Detail: map[string]string{"group": g.ID, "name": g.Name, "members": "0"}})
	})
}

// Group returns one group with its members; CodeNotFound if there is none.
func (l *Ledger) Group(ctx context.Context, id string) (Group, error) {
	g, err := l.reader().group(ctx, id, "")
	return g, wrapError(err)
}

// Groups lists groups by name, and returns how many there are in all.
func (l *Ledger) Groups(ctx context.Context, f GroupFilter) (groups []Group, total int, err error) {
	var where conditions
	where.equal("id", f.ID)
	where.match("lower(name) = lower(?)", f.Name)
	where.equal("external_id", f.ExternalID)
	where.match("id IN (SELECT group_id FROM directory_members WHERE user_id = ?)", f.Member)
	q := l.reader()
	groups, total, err = page(ctx, q, scanGroup, groupColumns, ` FROM directory_groups`+where.String(), where.args, `lower(name), id`, f.Skip, f.Limit)
	if err != nil || f.NoMembers {
		return groups, total, err
	}
	for i := range groups {
		if groups[i].Members, err = q.groupMembers(ctx, groups[i].ID); err != nil {
			return nil, 0, err
		}
	}
	return groups, total, nil
}
