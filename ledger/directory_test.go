package ledger_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

func (b fixture) user(name string) ledger.User {
	b.Helper()
	u, err := b.AddUser(ctx, ledger.User{PersonID: name, UserName: name, ExternalID: "x-" + name, Email: name + "@example.com", Active: true, Attributes: "{}"}, at)
	require.NoError(b, err)
	return u
}

func (b fixture) about(id string) (access.Member, bool) {
	b.Helper()
	r, err := b.DirectorySnapshot(ctx, id)
	require.NoError(b, err)
	m, known := r.Members[access.FoldID(id)]
	return m, known
}

func (b fixture) directory(on bool) {
	b.Helper()
	require.NoError(b, b.SetDirectory(ctx, ledger.DirectoryMode{Enabled: on, Groups: true}))
}

var directorySuite = map[string]func(b fixture){
	"people come, change, leave and stay known": func(b fixture) {
		b.directory(true)
		u := b.user("dir-alice")
		m, known := b.about("Dir-Alice")
		require.True(b, known && m.Active, "user names do not tell cases apart")
		require.Equal(b, "dir-alice", m.ID)
		edit := func(active bool) ledger.User {
			u, err := b.UpdateUser(ctx, u.ID, at.Add(time.Hour), func(u *ledger.User) error { u.Active = active; return nil })
			require.NoError(b, err)
			return u
		}
		require.False(b, edit(false).Active)
		m, _ = b.about("dir-alice")
		require.False(b, m.Active)
		require.True(b, edit(true).Active)
		require.NoError(b, b.DeleteUser(ctx, u.ID, at))
		b.code(access.CodeNotFound, b.DeleteUser(ctx, u.ID, at))
		_, err := b.User(ctx, u.ID)
		b.code(access.CodeNotFound, err)
		m, known = b.about("dir-alice")
		require.True(b, known)
		require.False(b, m.Active, "a deleted person is one who left")
		b.user("dir-alice")
		m, _ = b.about("dir-alice")
		require.True(b, m.Active, "members who are here come before those who were")
	},
	"a user name is one person's": func(b fixture) {
		b.user("dir-bob")
		_, err := b.AddUser(ctx, ledger.User{UserName: "DIR-BOB", Attributes: "{}"}, at)
		b.code(access.CodeConflict, err)
		other := b.user("dir-bert")
		_, err = b.UpdateUser(ctx, other.ID, at, func(u *ledger.User) error { u.UserName = "dir-bob"; return nil })
		b.code(access.CodeConflict, err)
		list, total, err := b.Users(ctx, ledger.UserFilter{UserName: "Dir-Bob", Limit: 10})
		require.NoError(b, err)
		require.Equal(b, 1, total)
		require.Equal(b, "dir-bob", list[0].UserName)
		_, total, err = b.Users(ctx, ledger.UserFilter{ExternalID: "x-dir-bert"})
		require.NoError(b, err)
		require.Equal(b, 1, total)
	},
	"groups": func(b fixture) {
		b.directory(true)
		one, two := b.user("dir-g1"), b.user("dir-g2")
		g, err := b.AddGroup(ctx, ledger.Group{Name: "dir-approvers", Members: []string{one.ID, two.ID, one.ID}}, at)
		require.NoError(b, err)
		require.Len(b, g.Members, 2)
		_, err = b.AddGroup(ctx, ledger.Group{Name: "DIR-approvers"}, at)
		b.code(access.CodeConflict, err)
		_, err = b.AddGroup(ctx, ledger.Group{Name: "dir-ghosts", Members: []string{"nobody"}}, at)
		b.code(access.CodeInvalid, err)
		m, _ := b.about("dir-g1")
		require.Equal(b, []string{"dir-approvers"}, m.Groups)
		_, err = b.UpdateGroup(ctx, g.ID, at, func(g *ledger.Group) error { g.Members = []string{two.ID}; return nil })
		require.NoError(b, err)
		m, _ = b.about("dir-g1")
		require.Empty(b, m.Groups)
		list, total, err := b.Groups(ctx, ledger.GroupFilter{Member: two.ID, Limit: 10})
		require.NoError(b, err)
		require.Equal(b, 1, total)
		require.Equal(b, []string{two.ID}, list[0].Members)
		require.NoError(b, b.DeleteUser(ctx, two.ID, at))
		g, err = b.Group(ctx, g.ID)
		require.NoError(b, err)
		require.Empty(b, g.Members)
		require.NoError(b, b.DeleteGroup(ctx, g.ID, at))
		_, err = b.Group(ctx, g.ID)
		b.code(access.CodeNotFound, err)
	},
	"sessions": func(b fixture) {
		one := ledger.Session{Token: "digest", PersonID: "Sess-Alice", Data: []byte{0, 1}, Address: "192.0.2.7", UserAgent: "browser", CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(time.Hour)}
		before, err := b.LastSeq(ctx)
		require.NoError(b, err)
		login := access.Event{At: at, Kind: access.EventSessionStarted, Actor: "Sess-Alice"}
		require.NoError(b, b.AddSession(ctx, one, login))
		require.NoError(b, b.AddSession(ctx, one, login), "a retry")
		after, err := b.LastSeq(ctx)
		require.NoError(b, err)
		require.Equal(b, before+1, after, "a login is one event")
		got, err := b.Session(ctx, "digest", at)
		require.NoError(b, err)
		require.Equal(b, one, got)
		used := one
		used.Address, used.SeenAt, used.ExpiresAt = "192.0.2.8", at.Add(time.Minute), at.Add(2*time.Hour)
		require.NoError(b, b.UpdateSession(ctx, used))
		list, err := b.Sessions(ctx, "sess-alice", at.Add(90*time.Minute))
		require.NoError(b, err)
		require.Equal(b, "192.0.2.8", list[0].Address)
		_, err = b.Session(ctx, "digest", at.Add(2*time.Hour))
		b.code(access.CodeNotFound, err)
		require.NoError(b, b.EndSessions(ctx, "", at), "nobody's sessions are not everybody's")
		_, err = b.Session(ctx, "digest", at)
		require.NoError(b, err)
		require.NoError(b, b.EndSessions(ctx, "sess-alice", at))
		require.NoError(b, b.UpdateSession(ctx, one))
		_, err = b.Session(ctx, "digest", at)
		b.code(access.CodeNotFound, err)
	},
	"what is not in force says nothing": func(b fixture) {
		b.user("dir-off")
		b.directory(false)
		r, err := b.DirectorySnapshot(ctx, "dir-off")
		require.NoError(b, err)
		require.Equal(b, access.DirectorySnapshot{}, r)
	},
	"many at once": func(b fixture) {
		g, err := b.AddGroup(ctx, ledger.Group{Name: "dir-many"}, at)
		require.NoError(b, err)
		var all sync.WaitGroup
		for i := range 10 {
			u := b.user(fmt.Sprint("dir-many-", i))
			all.Go(func() {
				_, err := b.UpdateGroup(ctx, g.ID, at, func(g *ledger.Group) error { g.Members = append(g.Members, u.ID); return nil })
				require.NoError(b, err)
			})
		}
		all.Wait()
		g, err = b.Group(ctx, g.ID)
		require.NoError(b, err)
		require.Len(b, g.Members, 10, "no member is lost between two changes")
	},
}

func TestDirectory(t *testing.T) { onEach(t, directorySuite) }
