package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/reconcile"
)

// drifting is a target that says what it is told to about its grants.
type drifting struct {
	*faketarget.Target
	drift   func(access.Grant) []string
	restore func(access.Grant) error
}

func (d *drifting) Drift(_ context.Context, g access.Grant) ([]string, error) { return d.drift(g), nil }
func (d *drifting) Restore(_ context.Context, g access.Grant) error           { return d.restore(g) }

// widened is a live grant that somebody made wider, and Ramp's restoring of it.
func widened(t *testing.T, restore func(w *world, g access.Grant) error) (*world, access.Grant) {
	w := newWorld(t)
	wide := true
	d := &drifting{Target: w.target}
	d.drift = func(access.Grant) []string {
		if wide {
			return []string{"it gives more"}
		}
		return nil
	}
	d.restore = func(g access.Grant) error {
		err := restore(w, g)
		wide = err != nil
		return err
	}
	w.serve(d)
	return w, w.opened()
}

func TestCase32WidenedByHand(t *testing.T) {
	t.Run("is put right", func(t *testing.T) {
		w, g := widened(t, func(_ *world, got access.Grant) error {
			if got.Entitlement["what"] != "orders" {
				return access.Errorf(access.CodeInternal, "restored to %v", got)
			}
			return nil
		})
		report := w.look()
		require.Equal(t, reconcile.Changed, report.Findings[0].Kind)
		require.Equal(t, []string{"it gives more"}, report.Findings[0].Differences)
		require.Zero(t, report.Unresolved())
		require.Equal(t, 1, w.told(g.RequestID)[access.EventGrantDrifted])
		require.Equal(t, []string{g.Name}, w.target.Usable())
		require.Empty(t, w.runs.stopped)
		w.well()
	})
	t.Run("is closed, and its request ended, if it cannot be put right", func(t *testing.T) {
		w, g := widened(t, func(*world, access.Grant) error { return access.Errorf(access.CodeConflict, "others may be in") })
		require.Zero(t, w.look().Unresolved())
		require.Empty(t, w.target.Objects())
		require.Equal(t, []string{g.RequestID}, w.runs.stopped)
		require.Equal(t, 1, w.told(g.RequestID)[access.EventGrantSwept])
		w.well()
	})
	t.Run("is tried again while the target is down", func(t *testing.T) {
		down := true
		w, g := widened(t, func(*world, access.Grant) error {
			if down {
				return access.Errorf(access.CodeUnavailable, "down")
			}
			return nil
		})
		require.Equal(t, 1, w.look().Unresolved())
		require.Equal(t, []string{g.Name}, w.target.Usable())
		down = false
		require.Zero(t, w.look().Unresolved())
		w.well()
	})
	t.Run("is not opened again by a revoke that passed meanwhile", func(t *testing.T) {
		w, g := widened(t, func(w *world, g access.Grant) error { // as a write that makes what it does not find
			if err := w.MarkClosed(ctx, g.Name, w.now()); err != nil {
				return err
			}
			return w.target.Grant(ctx, g)
		})
		w.look()
		require.Empty(t, w.target.Objects(), "%s", g.Name)
	})
	t.Run("keeps an extension that came meanwhile", func(t *testing.T) {
		var restored []time.Time
		w, g := widened(t, func(w *world, g access.Grant) error {
			restored = append(restored, g.ExpiresAt)
			return w.MarkExtended(ctx, g.Name, noon.Add(2*time.Hour))
		})
		w.look()
		require.Equal(t, []time.Time{g.ExpiresAt, noon.Add(2 * time.Hour)}, restored)
	})
	t.Run("by its end alone, on a target that cannot compare", func(t *testing.T) {
		w := newWorld(t)
		g := w.opened()
		later := g
		later.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		require.NoError(t, w.target.Extend(ctx, later))
		require.Zero(t, w.look().Unresolved())
		require.Empty(t, w.target.Objects())
		require.Equal(t, []string{g.RequestID}, w.runs.stopped)
	})
}

// TestForgedRow: what the ledger says and nobody signed is closed, and neither
// kept nor restored.
func TestForgedRow(t *testing.T) {
	look := func(w *world, proven func(context.Context, access.Grant) error) reconcile.Report {
		r := w.reconciler()
		r.VerifyGrant = proven
		report, err := r.ReconcileTarget(ctx, target)
		require.NoError(t, err)
		return report
	}
	forged := func(context.Context, access.Grant) error {
		return access.Errorf(access.CodeEvidence, "nobody signed it")
	}
	t.Run("is closed, and its request ended", func(t *testing.T) {
		w := newWorld(t)
		g := w.opened()
		require.Empty(t, look(w, func(context.Context, access.Grant) error { return nil }).Findings)
		report := look(w, forged)
		require.Equal(t, reconcile.Forged, report.Findings[0].Kind)
		require.Contains(t, report.Findings[0].Why, "nobody signed it")
		require.Zero(t, report.Unresolved())
		require.Empty(t, w.target.Objects())
		require.Equal(t, []string{g.RequestID}, w.runs.stopped)
	})
	t.Run("is left alone while that cannot be known", func(t *testing.T) {
		w := newWorld(t)
		g := w.opened()
		require.Empty(t, look(w, func(context.Context, access.Grant) error { return access.Errorf(access.CodeUnavailable, "down") }).Findings)
		require.Equal(t, []string{g.Name}, w.target.Usable())
	})
	t.Run("nothing is restored to it", func(t *testing.T) {
		w, _ := widened(t, func(*world, access.Grant) error {
			t.Error("it was restored")
			return nil
		})
		asked := 0
		report := look(w, func(context.Context, access.Grant) error {
			if asked++; asked == 1 {
				return nil // it is forged after it was looked at
			}
			return forged(ctx, access.Grant{})
		})
		require.Zero(t, report.Unresolved())
		require.Empty(t, w.target.Objects())
	})
}

// With no Temporal, only what is over or unexplained is ended.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	over, live := w.opened(), w.opened()
	require.NoError(t, w.MarkExtended(ctx, live.Name, noon.Add(5*time.Hour)))
	extended := live
	extended.ExpiresAt = noon.Add(5 * time.Hour)
	require.NoError(t, w.target.Extend(ctx, extended))
	orphan := w.grantOf(access.Request{ID: access.NewRequestID()})
	orphan.ExpiresAt = noon.Add(9 * time.Hour)
	require.NoError(t, w.broker.Grant(ctx, orphan))
	w.pass(2 * time.Hour)
	sweeper := func() *reconcile.Reconciler {
		r := w.reconciler()
		r.Runs = nil
		return r
	}
	both := []string{target, "model/down"}

	dry := sweeper()
	dry.DryRun = true
	last, err := w.LastSeq(ctx)
	require.NoError(t, err)
	s := dry.Sweep(ctx, both)
	require.Len(t, s.Findings(), 2)
	require.Equal(t, 3, s.Unresolved(), "two things, and a target that could not be seen")
	require.Contains(t, s.Unreachable, "model/down")
	require.Len(t, w.target.Objects(), 3, "a dry run changes nothing")
	same, err := w.LastSeq(ctx)
	require.NoError(t, err)
	require.Equal(t, last, same)

	s = sweeper().Sweep(ctx, []string{target})
	require.Len(t, s.Findings(), 2)
	require.Zero(t, s.Unresolved())
	require.Equal(t, []string{live.Name}, w.target.Objects())
	w.ended(over, access.OutcomeExpired)
	require.Empty(t, sweeper().Sweep(ctx, []string{target}).Findings())
	// Its workflow wakes up after all, and tells the same once more.
	require.NoError(t, w.Advance(ctx, access.Transition{RequestID: over.RequestID, To: access.StateEnded, At: w.now(),
		Events: []access.Event{{At: w.now(), Kind: access.EventAccessEnded, Actor: access.ActorRamp, Key: "ended"}}}))
	w.ended(over, access.OutcomeExpired)

	all := sweeper()
	all.RevokeLive = true
	require.Zero(t, all.Sweep(ctx, []string{target}).Unresolved())
	w.ended(live, access.OutcomeRevoked)
	require.Empty(t, w.target.Objects())
	require.Equal(t, access.CodeConflict, access.CodeOf(w.IntendGrant(ctx, live, w.now())), "a workflow that still runs opens nothing more")
}
