package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestInboxIsCountedOnce: every page says how many requests wait for somebody's decision.
// They are counted again when something was recorded, when the person is in other groups,
// and from time to time, since time alone brings requests to people.
func TestInboxIsCountedOnce(t *testing.T) {
	f := newFixture(t)
	f.request(access.StatePending)
	count := func(p access.Person, want, lists int) {
		t.Helper()
		before := f.ledger.lists
		n, err := f.CountWaiting(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, want, n)
		require.Equal(t, lists, f.ledger.lists-before)
	}
	count(bob.Person, 1, 2)
	count(bob.Person, 1, 0)
	count(dave.Person, 0, 2)
	inNoGroup := bob.Person
	inNoGroup.Groups = nil
	count(inNoGroup, 0, 2)
	f.now = f.now.Add(countedFor)
	count(bob.Person, 1, 2)
	r := f.request(access.StatePending)
	require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{RequestID: r.ID, Kind: access.EventDecisionRefused}))
	count(bob.Person, 2, 2)
	f.now = f.now.Add(-time.Hour)
	count(bob.Person, 2, 2)
	glass := f.request(access.StateActive)
	glass.Plan.BreakGlass = &access.BreakGlass{Reviewers: []string{"leads"}, ReviewBy: f.now.Add(time.Hour)}
	f.ledger.put(glass)
	f.now = f.now.Add(countedFor)
	count(bob.Person, 3, 2)
}
