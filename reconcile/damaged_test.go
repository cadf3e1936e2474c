package reconcile_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
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

// TestCase58ImpossibleRow: somebody who makes a row say what no grant can be keeps nothing
// open until the target's own expiry, and nothing past what was approved.
func TestCase58ImpossibleRow(t *testing.T) {
	const later = `4102444800000000` // the year 2100
	for name, set := range map[string]string{
		"closed, and never closed":    `status = 'closed', closed_at = NULL`,
		"closed in the future":        `status = 'closed', closed_at = ` + later,
		"closed at no time":           `status = 'closed', closed_at = 'x'`,
		"no status that there is":     `status = 'CLOSED'`,
		"open, and never opened":      `opened_at = NULL`,
		"open, and closed":            `closed_at = 1`,
		"being opened, and opened":    `status = 'intended'`,
		"being opened for ever":       `status = 'intended', opened_at = NULL, expires_at = ` + later,
		"about to be opened for ever": `status = 'intended', opened_at = NULL, expires_at = ` + later + `, intended_at = ` + later,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			g, kept := f.opened(), f.opened()
			f.advance(2 * ledger.OpeningMayLast)
			raw, err := sql.Open("sqlite", f.path)
			require.NoError(t, err)
			defer raw.Close()
			_, err = raw.Exec(`UPDATE grants SET `+set+` WHERE name = ?`, g.Name)
			require.NoError(t, err)
			r := f.reconciler()
			r.VerifyGrant = func(_ context.Context, row access.Grant) error {
				if row.ExpiresAt.After(kept.ExpiresAt) {
					return access.Errorf(access.CodeEvidence, "nobody approved it for so long")
				}
				return nil
			}
			report, err := r.ReconcileTarget(ctx, target)
			require.NoError(t, err)
			require.Zero(t, report.Unresolved())
			objects := f.target.Objects()
			require.Len(t, objects, 1)
			require.Contains(t, objects, kept.Name)
			require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventGrantSwept])
		})
	}
}

// TestOpeningUnderWayIsLeftAlone: what was written down a moment ago is neither compared
// nor restored, be it on the target or not; nor is it closed later, if it was approved so.
func TestOpeningUnderWayIsLeftAlone(t *testing.T) {
	f := newFixture(t)
	g := f.grantOf(f.asked())
	require.NoError(t, f.IntendGrant(ctx, g, f.now()))
	require.NoError(t, f.broker.Grant(ctx, g))
	asked := 0
	r := f.reconciler()
	r.VerifyGrant = func(context.Context, access.Grant) error { asked++; return nil }
	for _, after := range []time.Duration{0, ledger.OpeningMayLast, time.Second} {
		f.advance(after)
		report, err := r.ReconcileTarget(ctx, target)
		require.NoError(t, err)
		require.Empty(t, report.Findings)
	}
	require.Equal(t, 1, asked, "once its opening cannot be under way any more")
	require.Equal(t, []string{g.Name}, f.target.Usable())
}
