package reconcile_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/reconcile"
)

// ordersEnd records an order to end, as a server does before it tells anybody.
func (f *fixture) ordersEnd(id string, kind access.EndKind) {
	f.Helper()
	o := access.EndOrder{RequestID: id, Kind: kind, By: "bob", At: f.now()}
	payload, err := json.Marshal(o)
	require.NoError(f, err)
	envelope, err := json.Marshal(map[string]any{"payloadType": evidence.TypeEnd, "payload": payload, "signatures": []string{}})
	require.NoError(f, err)
	require.NoError(f, f.OrderEnd(ctx, o, envelope))
}

// TestCase57TheThirdLineKnowsOrdersToEnd: a workflow runs under the request's id, and
// does nothing about an order to end, because it is somebody else's or knows nothing
// of the order. It has the target's bound for it; then the reconciler closes.
func TestCase57TheThirdLineKnowsOrdersToEnd(t *testing.T) {
	for kind, outcome := range map[access.EndKind]access.Outcome{access.EndRevoke: access.OutcomeRevoked,
		access.EndRelease: access.OutcomeReleased, access.EndOffboard: access.OutcomeOffboarded} {
		f := newFixture(t)
		g := f.opened()
		f.ordersEnd(g.RequestID, kind)
		f.findsNothing()
		require.Equal(t, access.StateEnding, f.request(g.RequestID).State)
		f.advance(bounds.Ending + time.Second)
		found := f.look().Findings
		require.Len(t, found, 1)
		require.Equal(t, reconcile.Stopped, found[0].Kind)
		require.True(t, found[0].Done)
		f.ended(g, outcome)
	}
	t.Run("one that claims to come later", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		f.advance(time.Hour)
		f.ordersEnd(g.RequestID, access.EndRevoke)
		f.advance(-time.Hour)
		require.Equal(t, reconcile.Stopped, f.look().Findings[0].Kind)
		f.ended(g, access.OutcomeRevoked)
	})
	t.Run("of what never opened, and whose workflow is gone", func(t *testing.T) {
		f := newFixture(t)
		r := f.asked()
		f.ordersEnd(r.ID, access.EndCancel)
		f.runs.set(r.ID, reconcile.RunMissing)
		_, err := f.reconciler().ReconcileRequests(ctx)
		require.NoError(t, err)
		require.Equal(t, access.StateCancelled, f.request(r.ID).State)
	})
}

// TestOrderedWhileLooking: somebody releases access in the ordinary way while it is
// being looked at. The clock of the look is behind that of the server which took the
// order: Temporal's time of an activity's start is from before it reaches the worker.
// The workflow ends the access; that is no change by somebody else, and no finding.
func TestOrderedWhileLooking(t *testing.T) {
	ahead := func(f *fixture, g access.Grant) {
		f.advance(100 * time.Millisecond)
		f.ordersEnd(g.RequestID, access.EndRelease)
		f.advance(-100 * time.Millisecond)
	}
	untouched := func(t *testing.T, f *fixture, g access.Grant) {
		counts := f.eventCounts(g.RequestID)
		require.Zero(t, counts[access.EventGrantDrifted])
		require.Zero(t, counts[access.EventGrantSwept])
		require.Empty(t, f.runs.stopped)
		require.Empty(t, f.alarms.raised)
		// The workflow does nothing, and its time for it passes.
		f.advance(bounds.Ending + 2*time.Second)
		require.Equal(t, reconcile.Stopped, f.look().Findings[0].Kind)
		f.ended(g, access.OutcomeReleased)
	}
	t.Run("between the listing of the target and the reading of the ledger", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		l := &listing{Target: f.target}
		l.after = func(found []integrations.ListedGrant) []integrations.ListedGrant {
			ahead(f, g)
			return found
		}
		f.serve(l)
		dry := f.reconciler() // `ramp sweep --dry-run` reads nothing a second time
		dry.DryRun = true
		report, err := dry.ReconcileTarget(ctx, target)
		require.NoError(t, err)
		require.Empty(t, report.Findings)
		l.after = nil
		f.findsNothing()
		untouched(t, f, g)
	})
	t.Run("and the workflow has removed it already", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		l := &listing{Target: f.target}
		l.before = func() {
			ahead(f, g)
			f.target.Remove(g.Name)
		}
		f.serve(l)
		f.findsNothing()
		require.Zero(t, f.eventCounts(g.RequestID)[access.EventGrantDrifted])
	})
	t.Run("between the reading and the remedy, while the workflow closes", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		d := &drifting{Target: f.target, restore: func(access.Grant) error {
			t.Error("it was restored")
			return nil
		}}
		var once sync.Once
		d.drift = func(access.Grant) []string {
			once.Do(func() { ahead(f, g) })
			return []string{"half of it is gone"}
		}
		f.serve(d)
		f.findsNothing()
		untouched(t, f, g)
	})
	t.Run("between the reading and the verification of its proof", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		r := f.reconciler()
		r.VerifyGrant = func(_ context.Context, g access.Grant) error {
			ahead(f, g)
			return access.Refuse(access.CodeConflict, access.IssueStopped, "erin ended or denied this request")
		}
		report, err := r.ReconcileTarget(ctx, target)
		require.NoError(t, err)
		require.Empty(t, report.Findings)
		untouched(t, f, g)
	})
	t.Run("what was widened is still found", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		wider := g
		wider.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		require.NoError(t, f.target.Extend(ctx, wider))
		ahead(f, g)
		// An order that did not bring the end forward explains nothing.
		raw, err := sql.Open("sqlite", f.path)
		require.NoError(t, err)
		defer raw.Close()
		_, err = raw.Exec(`UPDATE grants SET expires_at = ? WHERE name = ?`, g.ExpiresAt.UnixMicro(), g.Name)
		require.NoError(t, err)
		require.Equal(t, reconcile.Changed, f.look().Findings[0].Kind)
	})
}
