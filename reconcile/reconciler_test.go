package reconcile_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/reconcile"
)

func TestHealthyIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	g := w.opened()
	for range 3 {
		w.well()
		w.pass(time.Minute)
	}
	require.Equal(t, []string{g.Name}, w.target.Usable())
	require.Empty(t, w.runs.asked, "what seems to run is asked about by nobody")

	// A Temporal that answers nothing proves nothing.
	w.runs.blind, w.runs.dumb = errors.New("no visibility"), errors.New("no answer")
	w.well()
	w.runs.dumb = nil
	w.well()
	require.Contains(t, w.runs.asked, g.RequestID)
	require.Equal(t, []string{g.Name}, w.target.Usable())
}

func TestCase38WorkflowIsGone(t *testing.T) {
	for name, run := range map[string]reconcile.RunStatus{"terminated": reconcile.RunClosed, "lost": reconcile.RunMissing} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			g, other := w.opened(), w.opened()
			w.runs.set(g.RequestID, run)
			report := w.look()
			require.Len(t, report.Findings, 1)
			require.True(t, report.Findings[0].Done)
			w.ended(g, access.OutcomeRevoked)
			require.Equal(t, []string{other.Name}, w.target.Usable())
			w.well()
			require.Equal(t, access.CodeConflict, access.CodeOf(w.IntendGrant(ctx, g, w.now())), "it does not open again")
		})
	}
	t.Run("after its end", func(t *testing.T) {
		w := newWorld(t)
		g := w.opened()
		w.runs.set(g.RequestID, reconcile.RunClosed)
		w.pass(time.Hour)
		w.look()
		w.ended(g, access.OutcomeExpired)
	})
	t.Run("between the ledger and the target", func(t *testing.T) { // CASES 24, and nobody to go on
		w := newWorld(t)
		g := w.grantOf(w.asked())
		require.NoError(t, w.IntendGrant(ctx, g, w.now()))
		require.NoError(t, w.broker.Grant(ctx, g))
		w.runs.set(g.RequestID, reconcile.RunMissing)
		w.look()
		w.ended(g, access.OutcomeRevoked)
	})
	t.Run("nothing is open", func(t *testing.T) {
		w := newWorld(t)
		r, healthy := w.asked(), w.asked()
		w.runs.set(r.ID, reconcile.RunMissing)
		report, err := w.reconciler().ReconcileRequests(ctx)
		require.NoError(t, err)
		require.Len(t, report.Findings, 1)
		require.Equal(t, access.StateFailed, w.request(r.ID).State)
		require.Equal(t, access.StatePending, w.request(healthy.ID).State)
	})
}

// The request is not concluded by anybody while something of it is open.
func TestCase28PermanentErrorIsNeverEnded(t *testing.T) {
	for _, fault := range []faketarget.Fault{faketarget.Forbidden, faketarget.Invalid, faketarget.NotFound, faketarget.Internal, faketarget.StillThere, faketarget.Throttled, faketarget.Unavailable} {
		t.Run(string(fault), func(t *testing.T) { // with StillThere, CASES 27; with Throttled, CASES 26
			w := newWorld(t)
			g := w.opened()
			w.pass(time.Hour + bounds.Ending)
			for range 2 {
				w.target.FailNext(faketarget.OpRevoke, fault)
				report := w.look()
				require.Equal(t, 1, report.Unresolved())
				require.NotEmpty(t, report.Findings[0].Error)
				r := w.request(g.RequestID)
				require.Equal(t, access.StateEnding, r.State)
				require.True(t, r.Overdue)
				require.Contains(t, r.Problem, g.Name)
			}
			require.Len(t, w.alarms.raised, 2)
			require.Equal(t, 1, w.told(g.RequestID)[access.EventAccessOverdue])
			w.runs.set(g.RequestID, reconcile.RunClosed)
			_, err := w.reconciler().ReconcileRequests(ctx)
			require.NoError(t, err)
			require.Equal(t, access.StateEnding, w.request(g.RequestID).State)

			w.look() // the fault is over
			w.ended(g, access.OutcomeExpired)
			require.Len(t, w.alarms.raised, 2)
		})
	}
}

// A workflow that runs ends its own request; what it failed to close is closed.
func TestOverdueBesideItsWorkflow(t *testing.T) {
	w := newWorld(t)
	g := w.opened()
	w.pass(time.Hour + bounds.Ending - 2*time.Second)
	w.well()
	w.pass(2 * time.Second)
	w.look()
	require.Empty(t, w.target.Objects())
	require.Equal(t, access.StateActive, w.request(g.RequestID).State, "the workflow's to say")
	require.Equal(t, 1, w.told(g.RequestID)[access.EventGrantSwept])
	w.well()
}

func TestOrphan(t *testing.T) {
	w := newWorld(t)
	healthy := w.opened()
	orphan := w.grantOf(access.Request{ID: access.NewRequestID()})
	require.NoError(t, w.broker.Grant(ctx, orphan))
	require.Equal(t, reconcile.Orphan, w.look().Findings[0].Kind)
	require.Equal(t, []string{healthy.Name}, w.target.Objects())
	require.Equal(t, 1, w.told(orphan.RequestID)[access.EventGrantSwept], "recorded, though there is no such request")
	w.well()
}

func TestClosedAndThereAgain(t *testing.T) {
	w := newWorld(t)
	g := w.opened()
	w.runs.set(g.RequestID, reconcile.RunClosed)
	w.look()
	w.ended(g, access.OutcomeRevoked)
	w.pass(time.Minute)
	require.NoError(t, w.broker.Grant(ctx, g)) // by hand, or by a worker that stood still
	w.pass(time.Second)
	report := w.look()
	require.Equal(t, reconcile.Returned, report.Findings[0].Kind)
	require.Empty(t, w.target.Objects())
	require.Equal(t, 2, w.told(g.RequestID)[access.EventGrantSwept])
	require.Equal(t, access.StateEnded, w.request(g.RequestID).State)
	w.well()
}

func TestCase33TakenAwayByHand(t *testing.T) {
	w := newWorld(t)
	g := w.opened()
	w.target.Remove(g.Name)
	for range 3 {
		report := w.look()
		require.Equal(t, reconcile.Vanished, report.Findings[0].Kind)
		require.Zero(t, report.Unresolved())
	}
	require.Equal(t, 1, w.told(g.RequestID)[access.EventGrantDrifted], "told once")
	require.Empty(t, w.target.Objects(), "and not opened again")
	w.pass(time.Hour + bounds.Ending)
	w.look()
	require.Equal(t, 1, w.told(g.RequestID)[access.EventGrantClosed], "closing it is no error")
}

// A grant is being made, slowly, while reconcilers look as fast as they can.
func TestCase36BeingMade(t *testing.T) {
	for name, blind := range map[string]bool{"with Temporal": false, "with none": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			g := w.grantOf(w.asked())
			letGo := w.target.Block(faketarget.OpGrant)
			done := make(chan struct{})
			var looking sync.WaitGroup
			for range 3 {
				looking.Go(func() {
					r := w.reconciler()
					if blind {
						r.Runs = nil
					}
					for {
						report, err := r.ReconcileTarget(ctx, target)
						if err != nil || len(report.Findings) > 0 {
							t.Errorf("%+v %v", report, err)
							return
						}
						select {
						case <-done:
							return
						default:
						}
					}
				})
			}
			looks := func() { time.Sleep(20 * time.Millisecond) } // some looks; the test holds with none
			looks()
			require.NoError(t, w.IntendGrant(ctx, g, w.now()))
			made := make(chan error)
			go func() { made <- w.broker.Grant(ctx, g) }()
			looks()
			letGo()
			require.NoError(t, <-made)
			looks()
			require.NoError(t, w.MarkOpened(ctx, g.Name, w.now()))
			w.pass(time.Second)
			looks()
			close(done)
			looking.Wait()
			require.Equal(t, []string{g.Name}, w.target.Usable())
			require.Zero(t, w.told(g.RequestID)[access.EventGrantSwept])
		})
	}
}

// Several workers find the same at the same moment.
func TestBesideItself(t *testing.T) {
	w := newWorld(t)
	var lost []access.Grant
	for range 6 {
		g := w.opened()
		lost = append(lost, g)
		w.runs.set(g.RequestID, reconcile.RunClosed)
	}
	healthy := w.opened()
	orphan := w.grantOf(access.Request{ID: access.NewRequestID()})
	require.NoError(t, w.broker.Grant(ctx, orphan))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := w.reconciler().ReconcileTarget(ctx, target); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, []string{healthy.Name}, w.target.Objects())
	for _, g := range lost {
		w.ended(g, access.OutcomeRevoked)
	}
	require.Equal(t, 1, w.told(orphan.RequestID)[access.EventGrantSwept])
	w.well()
}
