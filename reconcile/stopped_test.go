package reconcile_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
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
