package reconcile_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/reconcile"
)

// drifting is a target whose drift and restoring a test sets.
type drifting struct {
	*faketarget.Target
	drift   func(access.Grant) []string
	restore func(access.Grant) error
}

func (d *drifting) Drift(_ context.Context, g access.Grant) ([]string, error) { return d.drift(g), nil }
func (d *drifting) Restore(_ context.Context, g access.Grant) error           { return d.restore(g) }

// widened returns a live grant that somebody widened on the target; restore is
// what the target does when Ramp restores it.
func widened(t *testing.T, restore func(f *fixture, g access.Grant) error) (*fixture, access.Grant) {
	f := newFixture(t)
	wide := true
	d := &drifting{Target: f.target}
	d.drift = func(access.Grant) []string {
		if wide {
			return []string{"it gives more"}
		}
		return nil
	}
	d.restore = func(g access.Grant) error {
		err := restore(f, g)
		wide = err != nil
		return err
	}
	f.serve(d)
	return f, f.opened()
}

// TestEveryGrantIsCompared, whatever the interval between looks.
func TestEveryGrantIsCompared(t *testing.T) {
	f := newFixture(t)
	var mu sync.Mutex
	compared := map[string]bool{}
	f.serve(&drifting{Target: f.target, drift: func(g access.Grant) []string {
		mu.Lock()
		defer mu.Unlock()
		compared[g.Name] = true
		return nil
	}})
	const grants = 60
	for range grants {
		f.opened()
	}
	for range 2 {
		f.findsNothing()
		f.advance(time.Minute)
	}
	require.Len(t, compared, grants)
}

func TestCase32WidenedByHand(t *testing.T) {
	t.Run("is put right", func(t *testing.T) {
		f, g := widened(t, func(_ *fixture, got access.Grant) error {
			if got.Entitlement["what"] != "orders" {
				return access.Errorf(access.CodeInternal, "restored to %v", got)
			}
			return nil
		})
		report := f.look()
		require.Equal(t, reconcile.Changed, report.Findings[0].Kind)
		require.Equal(t, []string{"it gives more"}, report.Findings[0].Differences)
		require.Zero(t, report.Unresolved())
		require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventGrantDrifted])
		require.Equal(t, []string{g.Name}, f.target.Usable())
		require.Empty(t, f.runs.stopped)
		f.findsNothing()
	})
	t.Run("is closed, and its request ended, if it cannot be put right", func(t *testing.T) {
		f, g := widened(t, func(*fixture, access.Grant) error { return access.Errorf(access.CodeConflict, "others may be in") })
		require.Zero(t, f.look().Unresolved())
		require.Empty(t, f.target.Objects())
		require.Equal(t, []string{g.RequestID}, f.runs.stopped)
		require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventGrantSwept])
		f.findsNothing()
	})
	t.Run("is tried again while the target is down", func(t *testing.T) {
		down := true
		f, g := widened(t, func(*fixture, access.Grant) error {
			if down {
				return access.Errorf(access.CodeUnavailable, "down")
			}
			return nil
		})
		require.Equal(t, 1, f.look().Unresolved())
		require.Equal(t, []string{g.Name}, f.target.Usable())
		down = false
		require.Zero(t, f.look().Unresolved())
		f.findsNothing()
	})
	t.Run("is not opened again by a revoke that passed meanwhile", func(t *testing.T) {
		f, g := widened(t, func(f *fixture, g access.Grant) error { // as a write that makes what it does not find
			if err := f.MarkClosed(ctx, g.Name, f.now()); err != nil {
				return err
			}
			return f.target.Grant(ctx, g)
		})
		f.look()
		require.Empty(t, f.target.Objects(), "%s", g.Name)
	})
	t.Run("keeps an extension that came meanwhile", func(t *testing.T) {
		var restored []time.Time
		f, g := widened(t, func(f *fixture, g access.Grant) error {
			restored = append(restored, g.ExpiresAt)
			return f.MarkExtended(ctx, g.Name, noon.Add(2*time.Hour))
		})
		f.look()
		require.Equal(t, []time.Time{g.ExpiresAt, noon.Add(2 * time.Hour)}, restored)
	})
	t.Run("by its end alone, on a target that cannot compare", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		later := g
		later.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		require.NoError(t, f.target.Extend(ctx, later))
		require.Zero(t, f.look().Unresolved())
		require.Empty(t, f.target.Objects())
		require.Equal(t, []string{g.RequestID}, f.runs.stopped)
	})
}

// TestForgedRow: a grant that is in the ledger and that nobody approved is closed,
// and not restored.
func TestForgedRow(t *testing.T) {
	look := func(f *fixture, proven func(context.Context, access.Grant) error) reconcile.Report {
		r := f.reconciler()
		r.VerifyGrant = proven
		report, err := r.ReconcileTarget(ctx, target)
		require.NoError(t, err)
		return report
	}
	forged := func(context.Context, access.Grant) error {
		return access.Errorf(access.CodeEvidence, "nobody signed it")
	}
	t.Run("is closed, and its request ended", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		require.Empty(t, look(f, func(context.Context, access.Grant) error { return nil }).Findings)
		report := look(f, forged)
		require.Equal(t, reconcile.Forged, report.Findings[0].Kind)
		require.Contains(t, report.Findings[0].Why, "nobody signed it")
		require.Zero(t, report.Unresolved())
		require.Empty(t, f.target.Objects())
		require.Equal(t, []string{g.RequestID}, f.runs.stopped)
	})
	t.Run("is left alone while that cannot be known", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		require.Empty(t, look(f, func(context.Context, access.Grant) error { return access.Errorf(access.CodeUnavailable, "down") }).Findings)
		require.Equal(t, []string{g.Name}, f.target.Usable())
	})
	t.Run("nothing is restored to it", func(t *testing.T) {
		f, _ := widened(t, func(*fixture, access.Grant) error {
			t.Error("it was restored")
			return nil
		})
		asked := 0
		report := look(f, func(context.Context, access.Grant) error {
			if asked++; asked == 1 {
				return nil // it is forged after it was looked at
			}
			return forged(ctx, access.Grant{})
		})
		require.Zero(t, report.Unresolved())
		require.Empty(t, f.target.Objects())
	})
}

// TestSweep: with no Temporal, only what is past its end, or has no row in the
// ledger, is ended.
func TestSweep(t *testing.T) {
	f := newFixture(t)
	over, live := f.opened(), f.opened()
	require.NoError(t, f.MarkExtended(ctx, live.Name, noon.Add(5*time.Hour)))
	extended := live
	extended.ExpiresAt = noon.Add(5 * time.Hour)
	require.NoError(t, f.target.Extend(ctx, extended))
	orphan := f.grantOf(access.Request{ID: access.NewRequestID()})
	orphan.ExpiresAt = noon.Add(9 * time.Hour)
	require.NoError(t, f.broker.Grant(ctx, orphan))
	f.advance(2 * time.Hour)
	sweeper := func() *reconcile.Reconciler {
		r := f.reconciler()
		r.Runs = nil
		return r
	}
	both := []string{target, "model/down"}

	dry := sweeper()
	dry.DryRun = true
	last, err := f.LastSeq(ctx)
	require.NoError(t, err)
	s := dry.Sweep(ctx, both)
	require.Len(t, s.Findings(), 2)
	require.Equal(t, 3, s.Unresolved(), "two things, and a target that could not be seen")
	require.Contains(t, s.Unreachable, "model/down")
	require.Len(t, f.target.Objects(), 3, "a dry run changes nothing")
	same, err := f.LastSeq(ctx)
	require.NoError(t, err)
	require.Equal(t, last, same)

	s = sweeper().Sweep(ctx, []string{target})
	require.Len(t, s.Findings(), 2)
	require.Zero(t, s.Unresolved())
	require.Equal(t, []string{live.Name}, f.target.Objects())
	f.ended(over, access.OutcomeExpired)
	require.Empty(t, sweeper().Sweep(ctx, []string{target}).Findings())
	// Its workflow wakes up after all, and records the same once more.
	require.NoError(t, f.Advance(ctx, access.Transition{RequestID: over.RequestID, To: access.StateEnded, At: f.now(),
		Events: []access.Event{{At: f.now(), Kind: access.EventAccessEnded, Actor: access.ActorRamp, Key: access.KeyEnded}}}))
	f.ended(over, access.OutcomeExpired)

	all := sweeper()
	all.RevokeLive = true
	require.Zero(t, all.Sweep(ctx, []string{target}).Unresolved())
	f.ended(live, access.OutcomeRevoked)
	require.Empty(t, f.target.Objects())
	require.Equal(t, access.CodeConflict, access.CodeOf(f.IntendGrant(ctx, live, f.now())), "a workflow that still runs opens nothing more")
}
