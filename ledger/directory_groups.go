package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Group is a group of people as a provider provisions it (RFC 7643).
type Group struct {
	ID         string   // Ramp's
	Name       string   // what contracts call it; unique by access.FoldID
	ExternalID string   // the provider's
	Members    []string // ids of users, in order
	CreatedAt  time.Time
	ChangedAt  time.Time
	// Unproven says that the group, or one of its members' rows, is not as a server
	// signed it, or older than the last change. Nobody is in it then.
	Unproven bool
}

// groupRecord is what a server signs of a group.
type groupRecord struct {
	ID         string `json:"id"`
	Version    int64  `json:"version"`
	Name       string `json:"name"`
	ExternalID string `json:"externalId"`
	Members    string `json:"members"` // SHA-256 of the members' ids in order, each with a line's end, in hexadecimal
}

// groupRow is a row, and what its record says.
type groupRow struct {
	Group
	version int64
	record  groupRecord // the zero record where the row is not proven
}

// membersDigest returns what a group's record says of its members, given in order.
func membersDigest(ids []string) string {
	h := sha256.New()
	for _, id := range ids {
		h.Write([]byte(id + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
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

// groupSelect are the columns of a row with what proves it.
var groupSelect = groupColumns + `, version, record, ` + newer(`'directory group ' || directory_groups.id || ' '`, `directory_groups.version`)

// scanGroup reads a group without its members; checkMembers proves the rest.
func (q querier) scanGroup(row scanner) (groupRow, error) {
	var g groupRow
	var created, changed int64
	var isNewer int
	var signed string
	err := row.Scan(&g.ID, &g.Name, &g.ExternalID, &created, &changed, &g.version, &signed, &isNewer)
	g.CreatedAt, g.ChangedAt, g.Members = timeOf(created), timeOf(changed), []string{}
	if err != nil {
		return g, err
	}
	r, ok := readRecord[groupRecord](q.notary, access.RecordGroup, signed)
	if g.Unproven = !ok || r.ID != g.ID || r.Version != g.version || isNewer != 0; !g.Unproven {
		g.record, g.Name, g.ExternalID = r, r.Name, r.ExternalID
	}
	return g, nil
}

// checkMembers compares a group's members with what was signed.
func (g *groupRow) checkMembers() {
	if !g.Unproven && membersDigest(g.Members) != g.record.Members {
		g.Unproven, g.record = true, groupRecord{}
	}
}

func (q querier) group(ctx context.Context, id, lock string) (groupRow, error) {
	unknown := &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_group",
		Message: fmt.Sprintf("there is no group %q", access.Clip(id, 60))}}}
	g, err := first(ctx, q, q.scanGroup, unknown, `SELECT `+groupSelect+` FROM directory_groups WHERE id = ?`+lock, id)
	if err != nil {
		return g, err
	}
	g.Members, err = q.groupMembers(ctx, id)
	g.checkMembers()
	return g, err
}

func (q querier) groupMembers(ctx context.Context, id string) ([]string, error) {
	ids, err := collect(ctx, q, scanText, `SELECT user_id FROM directory_members WHERE group_id = ?`, id)
	slices.Sort(ids) // databases sort in ways of their own
	return ids, err
}

// AddGroup adds a group with its members. Errors are also CodeConflict: the name
// is taken; and CodeInvalid: a member is not in the directory.
func (l *Ledger) AddGroup(ctx context.Context, g Group, at time.Time) (Group, error) {
	g.ID, g.CreatedAt, g.ChangedAt, g.Unproven = rand.Text(), at, at, false
	wanted := g.Members
	err := l.tx(ctx, func(q querier) error {
		if err := q.checkGroupName(ctx, g); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO directory_groups (`+groupColumns+`, name_key, version, record) VALUES (?, ?, ?, ?, ?, ?, 0, '')`,
			g.ID, g.Name, g.ExternalID, micros(at), micros(at), access.FoldID(g.Name)); err != nil {
			return err
		}
		g.Members = slices.Compact(slices.Sorted(slices.Values(wanted)))
		return q.writeGroup(ctx, g, groupRow{}, at)
	})
	return g, err
}

func (q querier) checkGroupName(ctx context.Context, g Group) error {
	taken, err := q.exists(ctx, `SELECT 1 FROM directory_groups WHERE name_key = ? AND id <> ?`, access.FoldID(g.Name), g.ID)
	if taken {
		return nameTaken(g.Name)
	}
	return err
}

// writeGroup writes a group as it is from now on, its members in order, signed, with
// the event that says so.
func (q querier) writeGroup(ctx context.Context, g Group, before groupRow, at time.Time) error {
	e, err := q.setMembers(ctx, g, before.Members, at)
	if err != nil {
		return err
	}
	version, err := q.nextVersion(ctx, before.record.Version, func(v int64) string { return groupKey(g.ID, v) })
	if err != nil {
		return err
	}
	signed, err := signRecord(q.notary, access.RecordGroup, groupRecord{ID: g.ID, Version: version, Name: g.Name, ExternalID: g.ExternalID, Members: membersDigest(g.Members)})
	if err != nil {
		return err
	}
	if _, err := q.exec(ctx, `UPDATE directory_groups SET name = ?, name_key = ?, external_id = ?, changed_at = ?, version = ?, record = ? WHERE id = ?`,
		g.Name, access.FoldID(g.Name), g.ExternalID, micros(at), version, signed, g.ID); err != nil {
		return err
	}
	e.Key = groupKey(g.ID, version)
	return q.append(ctx, e)
}

// setMembers writes the difference between a group's members and those that were
// there before, and returns the event of it.
func (q querier) setMembers(ctx context.Context, g Group, before []string, at time.Time) (access.Event, error) {
	after := g.Members
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
			return access.Event{}, err
		}
		note("removed", id)
	}
	for _, id := range after {
		if _, was := slices.BinarySearch(before, id); was {
			continue
		}
		n, err := q.exec(ctx, `INSERT INTO directory_members (group_id, user_id)
			SELECT ?, id FROM directory_users WHERE id = ? AND deleted_at IS NULL`, g.ID, id)
		if err != nil {
			return access.Event{}, err
		}
		if n == 0 {
			return access.Event{}, access.Invalid(access.Issue{Code: "unknown_member", Field: "members",
				Message: fmt.Sprintf("there is no user %q", access.Clip(id, 60))})
		}
		note("added", id)
	}
	return access.Event{At: at, Kind: access.EventGroupChanged, Actor: access.ActorSCIM, Detail: detail}, nil
}

// UpdateGroup changes a group by a function, which may run more than once; if it
// returns an error, nothing changes. The function is given an Unproven group as it
// stands; what it returns is proven again.
func (l *Ledger) UpdateGroup(ctx context.Context, id string, at time.Time, change func(*Group) error) (Group, error) {
	var g Group
	err := l.tx(ctx, func(q querier) error {
		before, err := q.group(ctx, id, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		g = before.Group
		g.Members = slices.Clone(before.Members)
		if err := change(&g); err != nil {
			return err
		}
		g.ID, g.CreatedAt, g.ChangedAt, g.Unproven = before.ID, before.CreatedAt, before.ChangedAt, false
		g.Members = slices.Compact(slices.Sorted(slices.Values(g.Members)))
		if !before.Unproven && g.Name == before.Name && g.ExternalID == before.ExternalID && slices.Equal(g.Members, before.Members) {
			return nil // providers repeat what has not changed
		}
		g.ChangedAt = at
		if err := q.checkGroupName(ctx, g); err != nil {
			return err
		}
		return q.writeGroup(ctx, g, before, at)
	})
	return g, err
}

// leaveGroups takes a person out of all groups.
func (q querier) leaveGroups(ctx context.Context, user string, at time.Time) error {
	ids, err := collect(ctx, q, scanText, `SELECT group_id FROM directory_members WHERE user_id = ? ORDER BY group_id`, user)
	if err != nil {
		return err
	}
	for _, id := range ids {
		before, err := q.group(ctx, id, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		if before.Unproven { // nothing of it is signed as it stands; nobody is in it
			if _, err := q.exec(ctx, `DELETE FROM directory_members WHERE group_id = ? AND user_id = ?`, id, user); err != nil {
				return err
			}
			continue
		}
		g := before.Group
		g.Members = slices.DeleteFunc(slices.Clone(before.Members), func(m string) bool { return m == user })
		if err := q.writeGroup(ctx, g, before, at); err != nil {
			return err
		}
	}
	return nil
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
		// With this version a row that is put back is an older one.
		version, err := q.nextVersion(ctx, g.record.Version, func(v int64) string { return groupKey(id, v) })
		if err != nil {
			return err
		}
		return q.append(ctx, access.Event{At: at, Kind: access.EventGroupChanged, Actor: access.ActorSCIM, Message: "Deleted.", Key: groupKey(id, version),
			Detail: map[string]string{"group": g.ID, "name": g.Name, "members": "0"}})
	})
}

// Group returns one group with its members; CodeNotFound if there is none.
func (l *Ledger) Group(ctx context.Context, id string) (Group, error) {
	g, err := l.reader().group(ctx, id, "")
	return g.Group, wrapError(err)
}

// Groups lists groups by name, and returns how many there are in all.
func (l *Ledger) Groups(ctx context.Context, f GroupFilter) (groups []Group, total int, err error) {
	var where conditions
	where.equal("id", f.ID)
	where.match("name_key = ?", access.FoldID(f.Name))
	where.equal("external_id", f.ExternalID)
	where.match("id IN (SELECT group_id FROM directory_members WHERE user_id = ?)", f.Member)
	q := l.reader()
	rows, total, err := page(ctx, q, q.scanGroup, groupSelect, ` FROM directory_groups`+where.String(), where.args, `name_key, id`, f.Skip, f.Limit)
	if err != nil {
		return nil, total, err
	}
	for _, g := range rows {
		if !f.NoMembers {
			if g.Members, err = q.groupMembers(ctx, g.ID); err != nil {
				return nil, 0, err
			}
			g.checkMembers()
		}
		groups = append(groups, g.Group)
	}
	return groups, total, nil
}
