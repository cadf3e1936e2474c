package ledger_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// writes is somebody with all rights on the database and no key.
func (b fixture) writes(format string, args ...any) {
	b.Helper()
	query := fmt.Sprintf(format, args...)
	res, err := b.raw.Exec(query)
	require.NoError(b, err, query)
	n, err := res.RowsAffected()
	require.NoError(b, err)
	require.NotZero(b, n, query)
}

// lets returns the person as the directory lets them act now, or why it does not.
func (b fixture) lets(id string, groups ...string) (access.Person, error) {
	b.Helper()
	s, err := b.DirectorySnapshot(ctx, id)
	require.NoError(b, err)
	return s.Current(access.Person{ID: id, Kind: access.KindHuman, Groups: groups})
}

func (b fixture) nobody(id, issue string) {
	b.Helper()
	_, err := b.lets(id, "approvers")
	require.Equal(b, access.CodeForbidden, access.CodeOf(err), "%s is let in", id)
	require.Equal(b, issue, access.IssuesOf(err)[0].Code)
}

func (b fixture) inGroups(id string, groups ...string) {
	b.Helper()
	p, err := b.lets(id, "what the token says")
	require.NoError(b, err)
	require.ElementsMatch(b, groups, p.Groups)
}

func (b fixture) group(name string, members ...ledger.User) ledger.Group {
	b.Helper()
	var ids []string
	for _, u := range members {
		ids = append(ids, u.ID)
	}
	g, err := b.AddGroup(ctx, ledger.Group{Name: name, Members: ids}, at)
	require.NoError(b, err)
	return g
}

// edits changes a user as a provider does.
func (b fixture) edits(u ledger.User, change func(*ledger.User)) ledger.User {
	b.Helper()
	u, err := b.UpdateUser(ctx, u.ID, at.Add(time.Hour), func(u *ledger.User) error { change(u); return nil })
	require.NoError(b, err)
	return u
}

// TestCase51OnlyWhatAServerSigned: rows of the directory that somebody else wrote,
// changed, removed or put back give nobody anything.
func TestCase51OnlyWhatAServerSigned(t *testing.T) { onEach(t, recordSuite) }

var recordSuite = map[string]func(b fixture){
	"the contractor is inserted into the approvers": func(b fixture) {
		b.directory(true)
		dave, bob := b.user("r1-dave"), b.user("r1-bob")
		g := b.group("r1-approvers", bob)
		b.inGroups("r1-bob", "r1-approvers")
		b.writes(`INSERT INTO directory_members (group_id, user_id) VALUES ('%s', '%s')`, g.ID, dave.ID)
		b.inGroups("r1-dave")
		b.writes(`UPDATE directory_groups SET external_id = 'read it again', record = ' ' || record WHERE id = '%s'`, g.ID)
		b.inGroups("r1-dave")
		unproven := false
		_, err := b.UpdateGroup(ctx, g.ID, at, func(g *ledger.Group) error {
			unproven, g.Members = g.Unproven, []string{bob.ID}
			return nil
		})
		require.NoError(b, err)
		require.True(b, unproven)
		b.inGroups("r1-bob", "r1-approvers")
		b.inGroups("r1-dave")
	},
	"a group of one's own takes the approvers' name": func(b fixture) {
		b.directory(true)
		dave := b.user("r2-dave")
		g := b.group("r2-lunch", dave)
		b.writes(`UPDATE directory_groups SET name = 'r2-approvers', name_key = 'r2-approvers' WHERE id = '%s'`, g.ID)
		b.inGroups("r2-dave", "r2-lunch")
		b.writes(`INSERT INTO directory_groups (id, name, name_key, external_id, version, record, created_at, changed_at)
			SELECT 'r2-forged', 'r2-approvers2', 'r2-approvers2', '', version, record, 0, 0 FROM directory_groups WHERE id = '%s'`, g.ID)
		b.writes(`INSERT INTO directory_members (group_id, user_id) VALUES ('r2-forged', '%s')`, dave.ID)
		b.inGroups("r2-dave", "r2-lunch")
	},
	"a member who was taken out is put back, with the group of then": func(b fixture) {
		b.directory(true)
		dave, bob := b.user("r3-dave"), b.user("r3-bob")
		g := b.group("r3-approvers", bob, dave)
		b.inGroups("r3-dave", "r3-approvers")
		var record string
		require.NoError(b, b.raw.QueryRow(fmt.Sprintf(`SELECT record FROM directory_groups WHERE id = '%s'`, g.ID)).Scan(&record))
		_, err := b.UpdateGroup(ctx, g.ID, at, func(g *ledger.Group) error { g.Members = []string{bob.ID}; return nil })
		require.NoError(b, err)
		b.writes(`UPDATE directory_groups SET record = '%s', version = 1 WHERE id = '%s'`, record, g.ID)
		b.writes(`INSERT INTO directory_members (group_id, user_id) VALUES ('%s', '%s')`, g.ID, dave.ID)
		b.inGroups("r3-dave")
		b.inGroups("r3-bob")
		require.NoError(b, b.DeleteGroup(ctx, g.ID, at))
		b.writes(`INSERT INTO directory_groups (id, name, name_key, external_id, version, record, created_at, changed_at) VALUES ('%s', 'r3-approvers', 'r3-approvers', '', 1, '%s', 0, 0)`, g.ID, record)
		b.writes(`INSERT INTO directory_members (group_id, user_id) VALUES ('%s', '%s')`, g.ID, dave.ID)
		b.inGroups("r3-dave")
	},
	"somebody who left is made active": func(b fixture) {
		b.directory(true)
		u := b.user("r4-dave")
		var record string
		require.NoError(b, b.raw.QueryRow(fmt.Sprintf(`SELECT record FROM directory_users WHERE id = '%s'`, u.ID)).Scan(&record))
		b.edits(u, func(u *ledger.User) { u.Active = false })
		b.nobody("r4-dave", access.IssuePersonInactive)
		b.writes(`UPDATE directory_users SET active = 1 WHERE id = '%s'`, u.ID)
		b.nobody("r4-dave", access.IssuePersonInactive)
		b.writes(`UPDATE directory_users SET record = '%s', version = 1 WHERE id = '%s'`, record, u.ID)
		b.nobody("r4-dave", access.IssuePersonUnproven)
		b.writes(`UPDATE directory_users SET version = 99 WHERE id = '%s'`, u.ID)
		b.nobody("r4-dave", access.IssuePersonUnproven)
		var before ledger.User
		b.edits(u, func(u *ledger.User) { before, u.Active = *u, true })
		require.True(b, before.Unproven && !before.Active)
		b.inGroups("r4-dave")
	},
	"somebody who left is removed altogether": func(b fixture) {
		b.directory(true)
		u := b.user("r5-dave")
		b.edits(u, func(u *ledger.User) { u.Active = false })
		b.writes(`DELETE FROM directory_ids WHERE user_id = '%s'`, u.ID)
		b.nobody("r5-dave", access.IssuePersonUnproven)
		b.writes(`DELETE FROM directory_users WHERE id = '%s'`, u.ID)
		b.nobody("r5-dave", access.IssuePersonUnproven)
		p, err := b.lets("r5-nobody-ever-told-of", "the token's")
		require.NoError(b, err)
		require.Equal(b, []string{"the token's"}, p.Groups)
	},
	"a person of one's own": func(b fixture) {
		b.directory(true)
		u := b.user("r6-dave")
		b.writes(`INSERT INTO directory_users (id, person_id, user_name, user_name_key, external_id, name, email, active, attributes, version, record, created_at, changed_at)
			SELECT 'r6-forged', 'r6-carol', 'r6-carol', 'r6-carol', '', '', '', 1, '{}', version, record, 0, 0 FROM directory_users WHERE id = '%s'`, u.ID)
		b.writes(`INSERT INTO directory_ids (person_key, user_id) VALUES ('r6-carol', 'r6-forged')`)
		b.nobody("r6-carol", access.IssuePersonUnproven)
		b.writes(`INSERT INTO directory_ids (person_key, user_id) VALUES ('r6-erin', '%s')`, u.ID)
		_, known := b.about("r6-erin")
		require.False(b, known, "what is signed of dave says nothing of erin")
	},
	"signed with a key of one's own": func(b fixture) {
		b.directory(true)
		dave := b.user("rk-dave")
		g := b.group("rk-approvers")
		_, key, err := ed25519.GenerateKey(nil)
		require.NoError(b, err)
		mine := evidence.NewNotary(evidence.NewSigner(key), evidence.Keyring{})
		sign := func(kind access.RecordKind, format string, args ...any) string {
			signed, err := mine.Sign(kind, fmt.Appendf(nil, format, args...))
			require.NoError(b, err)
			return signed
		}
		b.writes(`INSERT INTO directory_members (group_id, user_id) VALUES ('%s', '%s')`, g.ID, dave.ID)
		b.writes(`UPDATE directory_groups SET record = '%s' WHERE id = '%s'`, sign(access.RecordGroup,
			`{"id":"%s","version":1,"name":"rk-approvers","externalId":"","members":"%x"}`, g.ID, sha256.Sum256([]byte(dave.ID+"\n"))), g.ID)
		b.inGroups("rk-dave")
		b.edits(dave, func(u *ledger.User) { u.Active = false })
		b.writes(`UPDATE directory_users SET record = '%s' WHERE id = '%s'`, sign(access.RecordUser,
			`{"id":"%s","version":2,"person":"rk-dave","ids":["rk-dave"],"userName":"rk-dave","externalId":"","name":"","email":"","active":true,"deleted":false,"attributes":"%x"}`,
			dave.ID, sha256.Sum256([]byte("{}"))), dave.ID)
		b.nobody("rk-dave", access.IssuePersonUnproven)
	},
	"what the provider keeps beside is changed": func(b fixture) {
		b.directory(true)
		u := b.user("r7-dave")
		b.writes(`UPDATE directory_users SET attributes = '{"emails":[{"value":"carol@example.com"}]}' WHERE id = '%s'`, u.ID)
		b.nobody("r7-dave", access.IssuePersonUnproven)
	},
	"the directory is turned off": func(b fixture) {
		b.directory(true)
		u := b.user("r8-dave")
		b.edits(u, func(u *ledger.User) { u.Active = false })
		defer func() {
			require.NoError(b, b.SetDirectory(ctx, ledger.DirectoryMode{Enabled: true, Groups: true}))
			b.nobody("r8-dave", access.IssuePersonInactive)
		}()
		var record string
		var version int64
		require.NoError(b, b.raw.QueryRow(`SELECT record, version FROM directory_mode`).Scan(&record, &version))
		for _, edit := range []string{`enabled = 0, version = 0, record = ''`, `record = '{}'`, fmt.Sprintf(`version = %d`, version+7)} {
			b.writes(`UPDATE directory_mode SET %s`, edit)
			_, err := b.DirectorySnapshot(ctx, "r8-dave")
			require.Equal(b, access.CodeEvidence, access.CodeOf(err), edit)
		}
		b.writes(`UPDATE directory_mode SET enabled = 0, version = %d, record = '%s'`, version, record)
		b.nobody("r8-dave", access.IssuePersonInactive) // columns say nothing
	},
	"links are removed, inserted, put back": func(b fixture) {
		e := access.Event{At: at, Kind: access.EventAccountLinked, Actor: "oscar"}
		same := func(one, two string) bool {
			s, err := b.DirectorySnapshot(ctx, one, two)
			require.NoError(b, err)
			p, errP := s.Restrict(access.Person{ID: one, Kind: access.KindHuman})
			q, errQ := s.Restrict(access.Person{ID: two, Kind: access.KindHuman})
			return errP != nil || errQ != nil || p.SameHuman(q) // nobody is nobody's second vote
		}
		require.False(b, same("r9-a", "r9-b"))
		require.NoError(b, b.LinkAccount(ctx, "r9-a", "r9-h", e))
		require.NoError(b, b.LinkAccount(ctx, "r9-b", "r9-h", e))
		require.True(b, same("r9-a", "r9-b"), "both are linked to one human")
		require.True(b, same("R9-A", "r9-h"))
		for _, edit := range []string{`UPDATE linked_accounts SET human_id = 'r9-x', human_key = 'r9-x' WHERE account = 'r9-a'`,
			`UPDATE linked_accounts SET unlinked_at = 1 WHERE account = 'r9-a'`,
			`UPDATE linked_accounts SET account_key = 'r9-z' WHERE account = 'r9-a'`, `DELETE FROM linked_accounts WHERE account = 'r9-a'`} {
			b.writes("%s", edit)
			require.True(b, same("r9-a", "r9-b"), edit)
		}
		_, err := b.LinkedHumans(ctx, "r9-a")
		require.Equal(b, access.CodeEvidence, access.CodeOf(err))
		require.NoError(b, b.LinkAccount(ctx, "r9-a", "r9-h", e), "an operator mends it")
		links, err := b.LinkedHumans(ctx, "r9-a")
		require.NoError(b, err)
		require.Equal(b, "r9-h", links["r9-a"])
		var record string
		require.NoError(b, b.raw.QueryRow(`SELECT record FROM linked_accounts WHERE account = 'r9-a' AND unlinked_at IS NULL`).Scan(&record))
		e.Kind = access.EventAccountUnlinked
		require.NoError(b, b.UnlinkAccount(ctx, "r9-a", e))
		require.False(b, same("r9-a", "r9-b"))
		e.Kind = access.EventAccountLinked
		require.NoError(b, b.LinkAccount(ctx, "r9-a", "r9-h", e))
		require.True(b, same("r9-a", "r9-b"))
		b.writes(`DELETE FROM linked_accounts WHERE account_key = 'r9-a' AND unlinked_at IS NULL`)
		require.True(b, same("r9-a", "r9-b"), "the row before it says that the account is nobody's")
	},
}

// TestRecordsFollowTheKey: a key of the servers is replaced, and what the old one
// signed is believed on without it.
func TestRecordsFollowTheKey(t *testing.T) {
	b := fixture{T: t}
	path := filepath.Join(t.TempDir(), "ledger.db")
	open := func(n *evidence.Notary) {
		l, err := ledger.Open(ctx, "sqlite:"+path)
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		l.UseNotary(n, nil)
		b.Ledger = l
	}
	signer := func() *evidence.Signer {
		_, key, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		return evidence.NewSigner(key)
	}
	old, next := signer(), signer()
	open(evidence.NewNotary(old, evidence.NewKeyring(old.Public())))
	b.directory(true)
	bob := b.user("bob")
	b.group("approvers", bob)
	require.NoError(t, b.LinkAccount(ctx, "bob-admin", "bob", access.Event{At: at, Kind: access.EventAccountLinked}))
	n, err := b.SignRecords(ctx)
	require.NoError(t, err)
	require.Zero(t, n)

	open(evidence.NewNotary(next, evidence.NewKeyring(next.Public())))
	_, err = b.DirectorySnapshot(ctx, "bob")
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "the old key is not trusted: nothing is believed")
	n, err = b.SignRecords(ctx)
	require.NoError(t, err)
	require.Zero(t, n, "what cannot be verified is not signed")

	open(evidence.NewNotary(next, evidence.NewKeyring(next.Public(), old.Public())))
	b.inGroups("bob", "approvers")
	n, err = b.SignRecords(ctx)
	require.NoError(t, err)
	require.Equal(t, 4, n)

	open(evidence.NewNotary(nil, evidence.NewKeyring(next.Public())))
	b.inGroups("bob", "approvers")
	links, err := b.LinkedHumans(ctx, "bob-admin")
	require.NoError(t, err)
	require.Equal(t, "bob", links["bob-admin"])
	_, err = b.AddUser(ctx, ledger.User{UserName: "x", Attributes: "{}"}, at)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "a worker signs nothing")
}

// TestCase68WhoLeftHasLeft: under every name that they had.
func TestCase68WhoLeftHasLeft(t *testing.T) { onEach(t, nameSuite) }

var nameSuite = map[string]func(b fixture){
	"a provider that deletes renames first": func(b fixture) {
		b.directory(true)
		u := b.user("n1-alice")
		g := b.group("n1-approvers", u)
		require.NoError(b, b.AddSession(ctx, ledger.Session{Token: "n1", Data: []byte{1}, PersonID: "n1-alice", CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(time.Hour)}, access.Event{At: at}))
		b.edits(u, func(u *ledger.User) { u.UserName, u.PersonID, u.Active = "283405f5n1-alice", "283405f5n1-alice", false })
		b.nobody("n1-alice", access.IssuePersonInactive)
		b.nobody("283405F5n1-Alice", access.IssuePersonInactive)
		_, err := b.Session(ctx, "n1", at)
		b.code(access.CodeNotFound, err)
		require.NoError(b, b.DeleteUser(ctx, u.ID, at))
		b.nobody("n1-alice", access.IssuePersonInactive)
		g, err = b.Group(ctx, g.ID)
		require.NoError(b, err)
		require.False(b, g.Unproven)
		b.user("n1-alice")
		b.inGroups("n1-alice") // the provider says that they are here again
	},
	"somebody is renamed and stays": func(b fixture) {
		b.directory(true)
		u := b.user("n2-alice")
		b.group("n2-approvers", u)
		b.edits(u, func(u *ledger.User) { u.UserName, u.PersonID = "n2-alice.smith", "n2-alice.smith" })
		for _, id := range []string{"n2-alice", "n2-alice.smith"} {
			b.inGroups(id, "n2-approvers")
			p, err := b.lets(id)
			require.NoError(b, err)
			require.True(b, p.SameHuman(access.Person{ID: "n2-alice"}) && p.SameHuman(access.Person{ID: "N2-Alice.Smith"}), "one human under both names")
		}
		b.edits(u, func(u *ledger.User) { u.Active = false })
		b.nobody("n2-alice", access.IssuePersonInactive)
	},
	"Case69 two users differ by letter case or Unicode form only": func(b fixture) {
		b.directory(true)
		b.user("n3-Éva1")
		for _, name := range []string{"n3-éva1", norm.NFD.String("N3-ÉVA1")} {
			_, err := b.AddUser(ctx, ledger.User{PersonID: name, UserName: name, Attributes: "{}"}, at)
			b.code(access.CodeConflict, err)
			b.inGroups(name)
			list, total, err := b.Users(ctx, ledger.UserFilter{UserName: name, Limit: 1})
			require.NoError(b, err)
			require.Equal(b, 1, total)
			require.Equal(b, "n3-Éva1", list[0].UserName)
		}
		_, err := b.AddGroup(ctx, ledger.Group{Name: "n3-Équipe"}, at)
		require.NoError(b, err)
		_, err = b.AddGroup(ctx, ledger.Group{Name: norm.NFD.String("N3-ÉQUIPE")}, at)
		b.code(access.CodeConflict, err)
	},
	"Case69 of two that speak of one person, left wins": func(b fixture) {
		b.directory(true)
		for n := range 10 { // in any order of rows
			one := fmt.Sprint("n4-Éva", n)
			for i, active := range []bool{true, false} { // externalId need not be unique
				_, err := b.AddUser(ctx, ledger.User{PersonID: []string{one, strings.ToLower(one)}[i], UserName: fmt.Sprint("n4-", n, "-", i), ExternalID: "x", Active: active, Attributes: "{}"}, at)
				require.NoError(b, err)
			}
			for _, id := range []string{one, strings.ToLower(one), norm.NFD.String(strings.ToUpper(one))} {
				b.nobody(id, access.IssuePersonInactive)
			}
		}
	},
	"Case69 groups of two that speak of one person are those of both": func(b fixture) {
		b.directory(true)
		var users []ledger.User
		for i := range 2 {
			u, err := b.AddUser(ctx, ledger.User{PersonID: "n5-eva", UserName: fmt.Sprint("n5-", i), Active: true, Attributes: "{}"}, at)
			require.NoError(b, err)
			users = append(users, u)
		}
		b.group("n5-both", users...)
		b.group("n5-one", users[1])
		b.inGroups("n5-eva", "n5-both")
	},
	"Case69 sessions end in every form": func(b fixture) {
		require.NoError(b, b.AddSession(ctx, ledger.Session{Token: "n6", Data: []byte{1}, PersonID: "n6-Éva", CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(time.Hour)}, access.Event{At: at}))
		require.NoError(b, b.EndSessions(ctx, norm.NFD.String("N6-ÉVA"), at))
		_, err := b.Session(ctx, "n6", at)
		b.code(access.CodeNotFound, err)
	},
	"a directory larger than one query": func(b fixture) {
		b.directory(true)
		u := b.user("n7-last")
		b.edits(u, func(u *ledger.User) { u.Active = false })
		var ids []string
		for i := range 5200 {
			ids = append(ids, fmt.Sprint("n7-", i))
		}
		s, err := b.DirectorySnapshot(ctx, slices.Concat(ids, []string{"n7-last"})...)
		require.NoError(b, err)
		require.False(b, s.Members["n7-last"].Active)
		require.Len(b, s.Members, 1)
	},
}
