package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"ramp.dev/ramp/access"
)

// snapshotTries is how often a snapshot is read before something in it is doubted: a
// change between two of its queries looks like a forged row.
const snapshotTries = 3

// DirectorySnapshot returns what is known of people by their ids, and of all further
// ids of theirs: which of them have left, their groups, their linked accounts. It
// believes only what a server signed, and only the latest version of it; people
// whose record is not believed count as nobody. It is the zero snapshot if no
// directory is in force and no account is linked.
//
// Of several records with one current id, one that has left stands before one that
// has not; a record with the id from before stands where none has it now.
func (l *Ledger) DirectorySnapshot(ctx context.Context, ids ...string) (access.DirectorySnapshot, error) {
	for try := 1; ; try++ {
		r := snapshotReader{querier: l.reader(), groups: &l.groups}
		s, err := r.read(ctx, ids)
		if err != nil {
			return access.DirectorySnapshot{}, wrapError(err)
		}
		if len(r.doubts) == 0 || try == snapshotTries {
			for _, doubt := range r.doubts {
				l.report(doubt)
			}
			return s, nil
		}
	}
}

// snapshotReader reads one snapshot.
type snapshotReader struct {
	querier
	groups *groupCache
	mode   DirectoryMode
	out    access.DirectorySnapshot
	doubts []string
}

func (r *snapshotReader) read(ctx context.Context, ids []string) (access.DirectorySnapshot, error) {
	var err error
	if r.mode, err = r.directory(ctx); err != nil {
		return r.out, err
	}
	if r.mode.Enabled {
		r.out = access.DirectorySnapshot{KnowsGroups: r.mode.Groups, Required: r.mode.Required, Members: map[string]access.Member{}}
	}
	seen := map[string]bool{}
	var next []string
	ask := func(id string) {
		if key := access.FoldID(id); key != "" && !seen[key] {
			seen[key] = true
			next = append(next, key)
		}
	}
	for _, id := range ids {
		ask(id)
	}
	for len(next) > 0 { // ends, since each id is asked about once
		keys := next
		next = nil
		for some := range slices.Chunk(keys, maxNames) {
			if err := r.readLinks(ctx, some); err != nil {
				return r.out, err
			}
			if !r.mode.Enabled {
				continue
			}
			if err := r.readMembers(ctx, some); err != nil {
				return r.out, err
			}
		}
		for _, key := range keys {
			for _, other := range r.out.Accounts[key] {
				ask(other)
			}
		}
	}
	return r.out, nil
}

// doubt makes an id nobody's.
func (r *snapshotReader) doubt(key, why string) {
	if r.out.Unproven == nil {
		r.out.Unproven = map[string]string{}
	}
	r.out.Unproven[key] = why
	r.doubts = append(r.doubts, access.Clip(key, 100)+": "+why)
}

// also adds further ids of the same human.
func (r *snapshotReader) also(key string, others ...string) {
	for _, other := range others {
		if access.FoldID(other) == key || slices.Contains(r.out.Accounts[key], other) {
			continue
		}
		if r.out.Accounts == nil {
			r.out.Accounts = map[string][]string{}
		}
		r.out.Accounts[key] = append(r.out.Accounts[key], other)
	}
}

// Why something is not believed.
const (
	whyUser    = "the directory's record of them is not the one that a server signed last"
	whyGone    = "the log has a record of them, and the directory has none"
	whyLink    = "the record of whose account it is, is not the one that a server signed last"
	whyUnknown = "the log has a record of whose account it is, and the ledger has none"
)

func (r *snapshotReader) readLinks(ctx context.Context, keys []string) error {
	links, err := r.links(ctx, keys)
	if err != nil {
		return err
	}
	var missing []string
	for _, key := range keys {
		link, there := links[key]
		switch {
		case !there:
			missing = append(missing, key)
		case link.Unproven:
			r.doubt(key, whyLink)
		case link.record.Linked:
			r.also(key, link.record.Human)
		}
	}
	return r.doubtKnown(ctx, missing, func(key string) string { return linkKey(key, 1) }, whyUnknown)
}

// doubtKnown doubts those ids of which nothing is recorded, though the log has an event
// of them.
func (r *snapshotReader) doubtKnown(ctx context.Context, ids []string, key func(id string) string, why string) error {
	byKey := map[string]string{}
	for _, id := range ids {
		byKey[key(id)] = id
	}
	known, err := r.haveEvents(ctx, slices.Sorted(maps.Keys(byKey)))
	for _, k := range slices.Sorted(maps.Keys(known)) {
		r.doubt(byKey[k], why)
	}
	return err
}

// keyedUser is a row that was found by an id.
type keyedUser struct {
	key string
	userRow
}

func (r *snapshotReader) readMembers(ctx context.Context, keys []string) error {
	marks, args := inList(keys)
	rows, err := collect(ctx, r.querier, func(s scanner) (u keyedUser, err error) {
		u.userRow, err = r.scanUser(prefixed{s, &u.key})
		return u, err
	}, `SELECT i.person_key, `+userSelect+` FROM directory_ids i JOIN directory_users ON directory_users.id = i.user_id
		WHERE i.person_key IN `+marks+` ORDER BY directory_users.id`, args...)
	if err != nil {
		return err
	}
	users, found := []string{}, map[string][]userRow{}
	for _, u := range rows {
		switch {
		case u.Unproven:
			r.doubt(u.key, whyUser)
		case slices.Contains(u.record.IDs, u.key):
			found[u.key] = append(found[u.key], u.userRow)
			users = append(users, u.ID)
		}
	}
	groups, err := r.groupsOf(ctx, users)
	if err != nil {
		return err
	}
	var missing []string
	speak := map[string][]userRow{}
	for _, key := range keys {
		if len(found[key]) == 0 {
			if r.out.Unproven[key] == "" {
				missing = append(missing, key)
			}
			continue
		}
		standing := standing(key, found[key])
		r.out.Members[key], speak[key] = member(standing, groups), standing
		for _, u := range standing {
			r.also(key, u.record.IDs...)
		}
	}
	if err := r.readManagers(ctx, speak); err != nil {
		return err
	}
	return r.doubtKnown(ctx, missing, knownKey, whyGone)
}

// standing returns those of several records that speak for an id: those that have it
// now, or, where none does, those that ever had it. A person who was deleted and is added
// again is here again.
func standing(key string, rows []userRow) []userRow {
	now := slices.DeleteFunc(slices.Clone(rows), func(u userRow) bool { return u.deleted || access.FoldID(u.PersonID) != key })
	if len(now) == 0 {
		return rows
	}
	return now
}

// member returns what several records say of one person.
func member(standing []userRow, groups map[string][]string) access.Member {
	var m access.Member
	for i, u := range standing {
		if i == 0 {
			m = access.Member{ID: u.PersonID, Name: u.Name, Email: u.Email, Active: true, Groups: groups[u.ID]}
		}
		m.Active = m.Active && u.Active && !u.deleted
		m.Groups = slices.DeleteFunc(slices.Clone(m.Groups), func(g string) bool { return !slices.Contains(groups[u.ID], g) })
	}
	return m
}

// groupsOf returns the names of the groups in which each user is. Groups that are not
// believed have nobody in them.
func (r *snapshotReader) groupsOf(ctx context.Context, users []string) (map[string][]string, error) {
	out := map[string][]string{}
	if len(users) == 0 {
		return out, nil
	}
	type membership struct{ user, group string }
	var in []membership
	ids := map[string]bool{}
	for some := range slices.Chunk(users, maxNames) {
		marks, args := inList(some)
		list, err := collect(ctx, r.querier, func(s scanner) (m membership, err error) {
			err = s.Scan(&m.user, &m.group)
			return m, err
		}, `SELECT user_id, group_id FROM directory_members WHERE user_id IN `+marks, args...)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			in, ids[m.group] = append(in, m), true
		}
	}
	names, members := map[string]string{}, map[string]map[string]bool{}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(ids)), maxNames) {
		marks, args := inList(some)
		list, err := collect(ctx, r.querier, r.scanGroup, `SELECT `+groupSelect+` FROM directory_groups WHERE id IN `+marks, args...)
		if err != nil {
			return nil, err
		}
		for _, g := range list {
			set, err := r.provenMembers(ctx, g)
			if err != nil {
				return nil, err
			}
			names[g.ID], members[g.ID] = g.Name, set
		}
	}
	for _, m := range in {
		set, known := members[m.group]
		switch {
		case set[m.user]:
			out[m.user] = append(out[m.user], names[m.group])
		case known && set != nil:
			r.doubts = append(r.doubts, fmt.Sprintf("group %s (%s): no server signed that user %s is in it", access.Clip(names[m.group], 100), m.group, access.Clip(m.user, 60)))
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out, nil
}

// provenMembers returns who is in a group, as its record says; nobody where it is not
// believed.
func (r *snapshotReader) provenMembers(ctx context.Context, g groupRow) (map[string]bool, error) {
	if !g.Unproven {
		if set, ok := r.groups.get(g.record.Members); ok {
			return set, nil
		}
		var err error
		if g.Members, err = r.groupMembers(ctx, g.ID); err != nil {
			return nil, err
		}
		g.checkMembers()
	}
	if g.Unproven {
		r.doubts = append(r.doubts, fmt.Sprintf("group %s (%s): it is not as a server signed it last; nobody is in it until the provider writes the whole group again", access.Clip(g.Name, 100), g.ID))
		return nil, nil
	}
	return r.groups.put(g.record.Members, g.Members), nil
}

// groupCache keeps the members of groups by the digest that a server signed, so that a
// large group is read once for each change of it.
type groupCache struct {
	mu   sync.Mutex
	sets map[string]map[string]bool
	size int
}

// maxCached bounds the members that are kept, of all groups together.
const maxCached = 200_000

func (c *groupCache) get(digest string) (map[string]bool, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set, ok := c.sets[digest]
	return set, ok
}

func (c *groupCache) put(digest string, members []string) map[string]bool {
	set := make(map[string]bool, len(members))
	for _, id := range members {
		set[id] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sets == nil || c.size+len(members) > maxCached {
		c.sets, c.size = map[string]map[string]bool{}, 0
	}
	c.sets[digest], c.size = set, c.size+len(members)
	return set
}

// prefixed scans one column before those that another function knows.
type prefixed struct {
	scanner
	first any
}

func (p prefixed) Scan(rest ...any) error { return p.scanner.Scan(append([]any{p.first}, rest...)...) }
