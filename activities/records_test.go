package activities_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// writes is somebody with all rights on the ledger's database and no key.
func (w *worker) writes(format string, args ...any) {
	w.Helper()
	db, err := sql.Open("sqlite", w.path)
	require.NoError(w, err)
	defer db.Close()
	_, err = db.Exec(fmt.Sprintf(format, args...))
	require.NoError(w, err)
}

// TestCase51InsertedApprover: with signatures that hold, since a server took the
// ledger's word for the group, the worker counts no approval of somebody whom SQL
// put into the approvers, and what is provisioned takes away.
func TestCase51InsertedApprover(t *testing.T) {
	dave := person("dave", "approvers")
	for name, act := range map[string]func(w *worker, user, group string){
		"inserted into the group": func(w *worker, user, group string) {
			w.writes(`INSERT INTO directory_members (group_id, user_id) VALUES ('%s', '%s')`, group, user)
		},
		"removed from the directory": func(w *worker, user, _ string) {
			w.writes(`DELETE FROM directory_ids WHERE user_id = '%s'; DELETE FROM directory_users WHERE id = '%s'`, user, user)
		},
		"a person whom nobody signed": func(w *worker, user, _ string) {
			w.writes(`UPDATE directory_users SET record = '{}' WHERE id = '%s'`, user)
		},
		"the directory turned off": func(w *worker, _, _ string) {
			w.writes(`UPDATE directory_mode SET enabled = 0, version = 0, record = ''`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorker(t)
			users, groups := w.knows(map[string][]string{"alice": {"engineering"}, "bob": {"approvers"}, "dave": {"lunch"}})
			a := w.asks()
			act(w, users["dave"], groups["approvers"])
			d := a.decision(dave, access.Approve)
			_, err := a.verify(d)
			require.Error(t, err)
			require.Error(t, a.open(w.now.Add(30*time.Minute), d))
			require.Empty(t, w.target.Usable())
		})
	}
}

// links links an account to a human, as an operator does.
func (w *worker) links(account, human string) {
	w.Helper()
	require.NoError(w, w.ledger.LinkAccount(w.Context(), account, human,
		access.Event{At: w.now, Kind: access.EventAccountLinked, Actor: "oscar"}))
}

// TestCase62LinkedAfterAsking: accounts are declared one human's after one of them
// asked, or even approved: no directory is in force, and the signatures hold.
func TestCase62LinkedAfterAsking(t *testing.T) {
	for name, link := range map[string]func(w *worker){
		"the approver is the requester's":   func(w *worker) { w.links("bob", "alice") },
		"the requester is the approver's":   func(w *worker) { w.links("alice", "bob") },
		"both are a third's":                func(w *worker) { w.links("alice", "robin"); w.links("BOB", "Robin") },
		"what was linked was taken out":     func(w *worker) { w.links("bob", "alice"); w.writes(`DELETE FROM linked_accounts`) },
		"what was linked was turned around": func(w *worker) { w.links("bob", "alice"); w.writes(`UPDATE linked_accounts SET human_id = 'x'`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("before the approval", func(t *testing.T) {
				w := newWorker(t)
				a := w.asks()
				link(w)
				_, err := a.verify(a.decision(bob, access.Approve))
				require.Equal(t, access.CodeForbidden, access.CodeOf(err))
			})
			t.Run("before the opening", func(t *testing.T) {
				w := newWorker(t)
				a := w.asks()
				d := a.decision(bob, access.Approve)
				_, err := a.verify(d)
				require.NoError(t, err)
				link(w)
				require.Error(t, a.open(w.now.Add(30*time.Minute), d))
				require.Empty(t, w.target.Usable())
			})
			t.Run("a denial stays one", func(t *testing.T) {
				w := newWorker(t)
				a := w.asks()
				deny := a.decision(bob, access.Deny)
				link(w)
				if res, err := a.verify(deny); err == nil {
					require.Equal(t, access.TallyDenied, res.Tally)
				} else {
					require.Contains(t, err.Error(), "nobody here", "only who is nobody at all may not deny")
				}
			})
		})
	}
	t.Run("two of a quorum are one", func(t *testing.T) {
		w := newWorker(t)
		erin := person("erin", "approvers")
		a := w.asks(func(p *access.Plan) { p.Rule.Stages[0].Approvals = 2 })
		one, two := a.decision(bob, access.Approve), a.decision(erin, access.Approve)
		_, err := a.verify(one)
		require.NoError(t, err)
		w.links("bob", "robin")
		w.links("erin", "robin")
		res, err := a.verify(two, one)
		require.NoError(t, err)
		require.Equal(t, access.TallyUndecided, res.Tally)
		require.Error(t, a.open(w.now.Add(30*time.Minute), one, two))
	})
}
