package ledger

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
)

// DirectoryMode is how much is believed of the people and groups that a
// provider put here. The zero value believes nothing.
type DirectoryMode struct {
	Enabled  bool
	Groups   bool // who is in which group; else tokens say
	Required bool // a human who is not here is nobody
}

// SetDirectory says how much is believed, here and in every worker that has
// this ledger.
func (l *Ledger) SetDirectory(ctx context.Context, m DirectoryMode) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE directory SET active = ?, groups = ?, required = ? WHERE id = 1`,
			boolInt(m.Enabled), boolInt(m.Groups), boolInt(m.Required))
		return err
	})
}

// maxSnapshot bounds one question; the decisions of a request are fewer.
const maxSnapshot = 5000

// DirectorySnapshot answers what is known of people by their ids: nothing if no directory is
// in force. A person who is here twice is the one that was not deleted.
func (l *Ledger) DirectorySnapshot(ctx context.Context, ids ...string) (access.DirectorySnapshot, error) {
	var on, groups, required int
	q := l.reader()
	if err := q.row(ctx, `SELECT active, groups, required FROM directory WHERE id = 1`).Scan(&on, &groups, &required); err != nil {
		return access.DirectorySnapshot{}, wrapError(err)
	}
	if on == 0 || len(ids) == 0 {
		return access.DirectorySnapshot{}, nil
	}
	if len(ids) > maxSnapshot {
		return access.DirectorySnapshot{}, access.Errorf(access.CodeTooLarge, "%d people are asked about at once", len(ids))
	}
	roll := access.DirectorySnapshot{KnowsGroups: groups != 0, Required: required != 0, Members: map[string]access.Member{}}
	byPerson, err := q.directoryMembers(ctx, ids)
	if err != nil {
		return access.DirectorySnapshot{}, wrapError(err)
	}
	for _, id := range ids {
		m, known := byPerson[id]
		if !known {
			m, known = byPerson[strings.ToLower(id)] // user names do not tell cases apart
		}
		if known {
			m.ID = id
			roll.Members[id] = m
		}
	}
	return roll, nil
}

func (q querier) directoryMembers(ctx context.Context, ids []string) (map[string]access.Member, error) {
	args := []any{}
	for _, id := range ids {
		args = append(args, id)
		if lower := strings.ToLower(id); lower != id {
			args = append(args, lower)
		}
	}
	in := "(" + strings.TrimSuffix(strings.Repeat("?,", len(args)), ",") + ")"
	// Those who are here come last, and so stand.
	rows, err := q.rows(ctx, `SELECT u.person, u.name, u.email, u.active, u.deleted_at IS NOT NULL, coalesce(g.name, '')
		FROM directory_users u LEFT JOIN directory_members m ON m.user_id = u.id LEFT JOIN directory_groups g ON g.id = m.group_id
		WHERE u.person IN `+in+` ORDER BY u.deleted_at IS NULL, u.deleted_at, u.id, g.name`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]access.Member{}
	gone := map[string]bool{}
	for rows.Next() {
		var person, name, email, group string
		var active int
		var deleted bool
		if err := rows.Scan(&person, &name, &email, &active, &deleted, &group); err != nil {
			return nil, err
		}
		m, again := out[person]
		if !again || gone[person] {
			m = access.Member{Name: name, Email: email, Active: active != 0 && !deleted}
		}
		gone[person] = deleted
		if group != "" {
			m.Groups = append(m.Groups, group)
		}
		out[person] = m
	}
	return out, rows.Err()
}
