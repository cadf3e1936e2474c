package reconcile_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/reconcile"
)

// TestOneDamagedRow: somebody who makes one row of the ledger unreadable has that grant
// closed and reported, and keeps nothing else on its target open or from being put right.
func TestOneDamagedRow(t *testing.T) {
	for name, set := range map[string]string{"a document": `entitlement = '{'`, "an end": `expires_at = 'x'`, "a time": `opened_at = 'x'`} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			damaged, lost, kept := f.opened(), f.opened(), f.opened()
			f.runs.set(lost.RequestID, reconcile.RunMissing)
			raw, err := sql.Open("sqlite", f.path)
			require.NoError(t, err)
			defer raw.Close()
			_, err = raw.Exec(`UPDATE grants SET `+set+` WHERE name = ?`, damaged.Name)
			require.NoError(t, err)

			f.target.FailNext(faketarget.OpRevoke, faketarget.Unavailable)
			require.Equal(t, 1, f.look().Unresolved(), "what could not be closed is found again")
			require.Zero(t, f.look().Unresolved())
			objects := f.target.Objects()
			require.Len(t, objects, 1)
			require.Contains(t, objects, kept.Name)
			require.Equal(t, 1, f.eventCounts(damaged.RequestID)[access.EventGrantSwept])
			require.Equal(t, 1, f.eventCounts(lost.RequestID)[access.EventGrantSwept])
			f.findsNothing()
		})
	}
}

// TestOneDamagedRowBeingOpened: it is closed also where the ledger does not say that it is
// open, so that nothing compares it in detail.
func TestOneDamagedRowBeingOpened(t *testing.T) {
	f := newFixture(t)
	g := f.grantOf(f.asked())
	require.NoError(t, f.IntendGrant(ctx, g, f.now()))
	require.NoError(t, f.broker.Grant(ctx, g))
	raw, err := sql.Open("sqlite", f.path)
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`UPDATE grants SET entitlement = '{' WHERE name = ?`, g.Name)
	require.NoError(t, err)
	require.Zero(t, f.look().Unresolved())
	require.Empty(t, f.target.Objects())
	require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventGrantSwept])
	f.findsNothing()
}
