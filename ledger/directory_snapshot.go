package ledger

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
)

// DirectoryMode says what the people and groups that a provider provisioned here
// are used for. The zero value uses nothing.
type DirectoryMode struct {
	Enabled  bool
	Groups   bool // the directory says who is in which group; otherwise tokens do
	Required bool // a human who is not in the directory is refused
}

// SetDirectory sets the mode, for this process and for all others that have this
// ledger.
func (l *Ledger) SetDirectory(ctx context.Context, m DirectoryMode) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE directory_mode SET enabled = ?, groups = ?, required = ? WHERE id = 1`,
			boolInt(m.Enabled), boolInt(m.Groups), boolInt(m.Required))
		return err
	})
}

// Directory returns the mode that is in force.
func (l *Ledger) Directory(ctx context.Context) (m DirectoryMode, err error) {
	var enabled, groups, required int
	err = l.reader().row(ctx, `SELECT enabled, groups, required FROM directory_mode WHERE id = 1`).Scan(&enabled, &groups, &required)
	return DirectoryMode{Enabled: enabled != 0, Groups: groups != 0, Required: required != 0}, wrapError(err)
}

// maxSnapshot bounds one query; the decisions of a request are fewer.
const maxSnapshot = 5000

// DirectorySnapshot returns what is known of people by their ids: the zero
// snapshot if no directory is in force. A person who is there twice is the one
// who was not deleted.
func (l *Ledger) DirectorySnapshot(ctx context.Context, ids ...string) (access.DirectorySnapshot, error) {
	mode, err := l.Directory(ctx)
	if err != nil || !mode.Enabled || len(ids) == 0 {
		return access.DirectorySnapshot{}, err
	}
	if len(ids) > maxSnapshot {
		return access.DirectorySnapshot{}, access.Errorf(access.CodeTooLarge, "the directory is asked about %d people at once; %d are allowed", len(ids), maxSnapshot)
	}
	snapshot := access.DirectorySnapshot{KnowsGroups: mode.Groups, Required: mode.Required, Members: map[string]access.Member{}}
	byPerson, err := l.reader().directoryMembers(ctx, ids)
	if err != nil {
		return access.DirectorySnapshot{}, err
	}
	for _, id := range ids {
		m, known := byPerson[id]
		if !known {
			m, known = byPerson[strings.ToLower(id)] // user names do not tell cases apart
		}
		if known {
			m.ID = id
			snapshot.Members[id] = m
		}
	}
	return snapshot, nil
}

func (q querier) directoryMembers(ctx context.Context, ids []string) (map[string]access.Member, error) {
	var wanted []string
	for _, id := range ids {
		wanted = append(wanted, id)
		if lower := strings.ToLower(id); lower != id {
			wanted = append(wanted, lower)
		}
	}
	marks, args := inList(wanted)
	// Rows that were not deleted come last, so that they replace deleted ones.
	rows, err := collect(ctx, q, scanMembership, `SELECT u.person_id, u.name, u.email, u.active, u.deleted_at IS NOT NULL, coalesce(g.name, '')
		FROM directory_users u LEFT JOIN directory_members m ON m.user_id = u.id LEFT JOIN directory_groups g ON g.id = m.group_id
		WHERE u.person_id IN `+marks+` ORDER BY u.deleted_at IS NULL, u.deleted_at, u.id, g.name`, args...)
	out, deleted := map[string]access.Member{}, map[string]bool{}
	for _, r := range rows {
		m, again := out[r.person]
		if !again || deleted[r.person] {
			m = access.Member{Name: r.name, Email: r.email, Active: r.active != 0 && !r.deleted}
		}
		deleted[r.person] = r.deleted
		if r.group != "" {
			m.Groups = append(m.Groups, r.group)
		}
		out[r.person] = m
	}
	return out, err
}

// membership is a person in one group, or in none.
type membership struct {
	person, name, email, group string
	active                     int
	deleted                    bool
}

func scanMembership(row scanner) (m membership, err error) {
	err = row.Scan(&m.person, &m.name, &m.email, &m.active, &m.deleted, &m.group)
	return m, err
}
