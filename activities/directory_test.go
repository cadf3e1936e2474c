package activities_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// knows puts people into the ledger's directory, each with their groups.
func (w *worker) knows(people map[string][]string) (users, groups map[string]string) {
	w.Helper()
	require.NoError(w, w.ledger.SetDirectory(w.Context(), ledger.DirectoryMode{Enabled: true, Groups: true}))
	users, groups = map[string]string{}, map[string]string{}
	in := map[string][]string{}
	for id, list := range people {
		u, err := w.ledger.AddUser(w.Context(), ledger.User{PersonID: id, UserName: id, Active: true, Attributes: "{}"}, w.now)
		require.NoError(w, err)
		users[id] = u.ID
		for _, g := range list {
			in[g] = append(in[g], u.ID)
		}
	}
	for name, members := range in {
		g, err := w.ledger.AddGroup(w.Context(), ledger.Group{Name: name, Members: members}, w.now)
		require.NoError(w, err)
		groups[name] = g.ID
	}
	return users, groups
}

func (w *worker) leaves(user string) {
	w.Helper()
	_, err := w.ledger.UpdateUser(w.Context(), user, w.now, func(u *ledger.User) error { u.Active = false; return nil })
	require.NoError(w, err)
}

func (w *worker) loses(group string) {
	w.Helper()
	_, err := w.ledger.UpdateGroup(w.Context(), group, w.now, func(g *ledger.Group) error { g.Members = nil; return nil })
	require.NoError(w, err)
}

// TestCase06ApproverLosesTheGroup: at the decision, between two decisions, and
// before the grant; straight at the worker, with signatures that hold.
func TestCase06ApproverLosesTheGroup(t *testing.T) {
	people := map[string][]string{"alice": {"engineering"}, "bob": {"approvers"}, "erin": {"approvers"}}
	erin := person("erin", "approvers")
	two := func(p *access.Plan) { p.Rule.Stages[0].Approvals = 2 }
	t.Run("before the decision", func(t *testing.T) {
		w := newWorker(t)
		_, groups := w.knows(people)
		a := w.asks()
		w.loses(groups["approvers"])
		_, err := a.verify(a.decision(bob, access.Approve))
		require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		require.Equal(t, 1, a.eventCounts()[access.EventDecisionRefused])
	})
	for name, lose := range map[string]func(w *worker, users, groups map[string]string){
		"leaves": func(w *worker, users, _ map[string]string) { w.leaves(users["bob"]) },
		"loses the group": func(w *worker, _, groups map[string]string) {
			users, _, err := w.ledger.Users(w.Context(), ledger.UserFilter{UserName: "erin", Limit: 1})
			require.NoError(w, err)
			_, err = w.ledger.UpdateGroup(w.Context(), groups["approvers"], w.now, func(g *ledger.Group) error {
				g.Members = []string{users[0].ID}
				return nil
			})
			require.NoError(w, err)
		},
	} {
		t.Run("the first of two "+name, func(t *testing.T) {
			w := newWorker(t)
			users, groups := w.knows(people)
			a := w.asks(two)
			first := a.decision(bob, access.Approve)
			res, err := a.verify(first)
			require.NoError(t, err)
			require.Equal(t, access.TallyUndecided, res.Tally)
			lose(w, users, groups)
			res, err = a.verify(a.decision(erin, access.Approve), first)
			require.NoError(t, err)
			require.Equal(t, access.TallyUndecided, res.Tally)
			require.Equal(t, []string{"erin"}, res.Stages[0].Approved)
			require.Equal(t, 1, a.eventCounts()[access.EventDecisionInvalidated])
		})
		t.Run("after the approval, before the grant "+name, func(t *testing.T) {
			w := newWorker(t)
			users, groups := w.knows(people)
			a := w.asks()
			d := a.decision(bob, access.Approve)
			res, err := a.verify(d)
			require.NoError(t, err)
			require.Equal(t, access.TallySatisfied, res.Tally)
			lose(w, users, groups)
			a.refuses(access.CodeEvidence, w.now.Add(30*time.Minute), d)
		})
	}
	t.Run("the requester leaves before the grant", func(t *testing.T) {
		w := newWorker(t)
		users, _ := w.knows(people)
		a := w.asks()
		w.leaves(users["alice"])
		a.refuses(access.CodeForbidden, w.now.Add(30*time.Minute), a.decision(bob, access.Approve))
	})
	t.Run("nobody left", func(t *testing.T) {
		w := newWorker(t)
		w.knows(people)
		a := w.asks()
		require.NoError(t, a.open(w.now.Add(30*time.Minute), a.decision(bob, access.Approve)))
	})
}

// TestDirectoryThatDoesNotAnswer: nothing is decided or opened, and it is tried
// again.
func TestDirectoryThatDoesNotAnswer(t *testing.T) {
	w := newWorker(t)
	a := w.asks()
	w.directory.err = errors.New("no route")
	_, err := a.verify(a.decision(bob, access.Approve))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	a.refuses(access.CodeUnavailable, w.now.Add(30*time.Minute), a.decision(bob, access.Approve))
}

// TestCase02SecondAccount: two accounts that the server says are one human's do
// not make two approvals, no matter who sends them.
func TestCase02SecondAccount(t *testing.T) {
	w := newWorker(t)
	a := w.asks(func(p *access.Plan) { p.Rule.Stages[0].Approvals = 2 })
	admin := person("bob-admin", "approvers")
	admin.LinkedHumanID = "bob"
	votes := []evidence.Envelope{a.decision(bob, access.Approve), a.decision(admin, access.Approve)}
	a.refuses(access.CodeEvidence, w.now.Add(30*time.Minute), votes...)
	mine := person("alice-admin", "approvers")
	mine.LinkedHumanID = "alice"
	_, err := a.verify(a.decision(mine, access.Approve))
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
}
