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
	f := newFixture(t)
	g := f.opened()
	for range 3 {
		f.findsNothing()
		f.advance(time.Minute)
	}
	require.Equal(t, []string{g.Name}, f.target.Usable())
	require.Empty(t, f.runs.described, "a workflow that is listed as running is not described")

	// If Temporal cannot be reached, the reconciler concludes nothing about a request.
	f.runs.listErr, f.runs.describeErr = errors.New("no visibility"), errors.New("no answer")
	f.findsNothing()
	f.runs.describeErr = nil
	f.findsNothing()
	require.Contains(t, f.runs.described, g.RequestID)
	require.Equal(t, []string{g.Name}, f.target.Usable())
}

func TestCase38WorkflowIsGone(t *testing.T) {
	for name, run := range map[string]reconcile.RunStatus{"terminated": reconcile.RunClosed, "lost": reconcile.RunMissing} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			g, other := f.opened(), f.opened()
			f.runs.set(g.RequestID, run)
			report := f.look()
			require.Len(t, report.Findings, 1)
			require.True(t, report.Findings[0].Done)
			f.ended(g, access.OutcomeRevoked)
			require.Equal(t, []string{other.Name}, f.target.Usable())
			f.findsNothing()
			require.Equal(t, access.CodeConflict, access.CodeOf(f.IntendGrant(ctx, g, f.now())), "it does not open again")
		})
	}
	t.Run("after its end", func(t *testing.T) {
		f := newFixture(t)
		g := f.opened()
		f.runs.set(g.RequestID, reconcile.RunClosed)
		f.advance(time.Hour)
		f.look()
		f.ended(g, access.OutcomeExpired)
	})
	t.Run("between the ledger and the target", func(t *testing.T) { // case 24, and nobody to go on
		f := newFixture(t)
		g := f.grantOf(f.asked())
		require.NoError(t, f.IntendGrant(ctx, g, f.now()))
		require.NoError(t, f.broker.Grant(ctx, g))
		f.runs.set(g.RequestID, reconcile.RunMissing)
		f.look()
		f.ended(g, access.OutcomeRevoked)
	})
	t.Run("nothing is open", func(t *testing.T) {
		f := newFixture(t)
		r, healthy := f.asked(), f.asked()
		f.runs.set(r.ID, reconcile.RunMissing)
		report, err := f.reconciler().ReconcileRequests(ctx)
		require.NoError(t, err)
		require.Len(t, report.Findings, 1)
		require.Equal(t, access.StateFailed, f.request(r.ID).State)
		require.Equal(t, access.StatePending, f.request(healthy.ID).State)
	})
}

// TestCase28PermanentErrorIsNeverEnded: a request is not ended while something of
// it is open, whatever error the target returns.
func TestCase28PermanentErrorIsNeverEnded(t *testing.T) {
	for _, fault := range []faketarget.Fault{faketarget.Forbidden, faketarget.Invalid, faketarget.NotFound, faketarget.Internal, faketarget.StillThere, faketarget.Throttled, faketarget.Unavailable} {
		t.Run(string(fault), func(t *testing.T) { // with StillThere, case 27; with Throttled, case 26
			f := newFixture(t)
			g := f.opened()
			f.advance(time.Hour + bounds.Ending)
			for range 2 {
				f.target.FailNext(faketarget.OpRevoke, fault)
				report := f.look()
				require.Equal(t, 1, report.Unresolved())
				require.NotEmpty(t, report.Findings[0].Error)
				r := f.request(g.RequestID)
				require.Equal(t, access.StateEnding, r.State)
				require.True(t, r.Overdue)
				require.Contains(t, r.Problem, g.Name)
			}
			require.Len(t, f.alarms.raised, 2)
			require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventAccessOverdue])
			f.runs.set(g.RequestID, reconcile.RunClosed)
			_, err := f.reconciler().ReconcileRequests(ctx)
			require.NoError(t, err)
			require.Equal(t, access.StateEnding, f.request(g.RequestID).State)

			f.look() // the fault is over
			f.ended(g, access.OutcomeExpired)
			require.Len(t, f.alarms.raised, 2)
		})
	}
}

// TestOverdueBesideItsWorkflow: of a request whose workflow runs, the reconciler
// closes what is overdue, and leaves the state to the workflow.
func TestOverdueBesideItsWorkflow(t *testing.T) {
	f := newFixture(t)
	g := f.opened()
	f.advance(time.Hour + bounds.Ending - 2*time.Second)
	f.findsNothing()
	f.advance(2 * time.Second)
	f.look()
	require.Empty(t, f.target.Objects())
	require.Equal(t, access.StateActive, f.request(g.RequestID).State, "the state is for the workflow to change")
	require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventGrantSwept])
	f.findsNothing()
}

func TestOrphan(t *testing.T) {
	f := newFixture(t)
	healthy := f.opened()
	orphan := f.grantOf(access.Request{ID: access.NewRequestID()})
	require.NoError(t, f.broker.Grant(ctx, orphan))
	require.Equal(t, reconcile.Orphan, f.look().Findings[0].Kind)
	require.Equal(t, []string{healthy.Name}, f.target.Objects())
	require.Equal(t, 1, f.eventCounts(orphan.RequestID)[access.EventGrantSwept], "recorded, though there is no such request")
	f.findsNothing()
}

func TestClosedAndThereAgain(t *testing.T) {
	f := newFixture(t)
	g := f.opened()
	f.runs.set(g.RequestID, reconcile.RunClosed)
	f.look()
	f.ended(g, access.OutcomeRevoked)
	f.advance(time.Minute)
	require.NoError(t, f.broker.Grant(ctx, g)) // by hand, or by a worker that stood still
	f.advance(time.Second)
	report := f.look()
	require.Equal(t, reconcile.Returned, report.Findings[0].Kind)
	require.Empty(t, f.target.Objects())
	require.Equal(t, 2, f.eventCounts(g.RequestID)[access.EventGrantSwept])
	require.Equal(t, access.StateEnded, f.request(g.RequestID).State)
	f.findsNothing()
}

func TestCase33TakenAwayByHand(t *testing.T) {
	f := newFixture(t)
	g := f.opened()
	f.target.Remove(g.Name)
	for range 3 {
		report := f.look()
		require.Equal(t, reconcile.Vanished, report.Findings[0].Kind)
		require.Zero(t, report.Unresolved())
	}
	require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventGrantDrifted], "recorded once")
	require.Empty(t, f.target.Objects(), "and not opened again")
	f.advance(time.Hour + bounds.Ending)
	f.look()
	require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventGrantClosed], "closing it is no error")
}

// TestCase36BeingMade: a grant is made slowly while reconcilers look as fast as
// they can.
func TestCase36BeingMade(t *testing.T) {
	for name, noTemporal := range map[string]bool{"with Temporal": false, "with none": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			g := f.grantOf(f.asked())
			letGo := f.target.Block(faketarget.OpGrant)
			done := make(chan struct{})
			var looking sync.WaitGroup
			for range 3 {
				looking.Go(func() {
					r := f.reconciler()
					if noTemporal {
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
			require.NoError(t, f.IntendGrant(ctx, g, f.now()))
			made := make(chan error)
			go func() { made <- f.broker.Grant(ctx, g) }()
			looks()
			letGo()
			require.NoError(t, <-made)
			looks()
			require.NoError(t, f.MarkOpened(ctx, g.Name, f.now()))
			f.advance(time.Second)
			looks()
			close(done)
			looking.Wait()
			require.Equal(t, []string{g.Name}, f.target.Usable())
			require.Zero(t, f.eventCounts(g.RequestID)[access.EventGrantSwept])
		})
	}
}

// TestBesideItself: several workers find the same at the same moment.
func TestBesideItself(t *testing.T) {
	f := newFixture(t)
	var lost []access.Grant
	for range 6 {
		g := f.opened()
		lost = append(lost, g)
		f.runs.set(g.RequestID, reconcile.RunClosed)
	}
	healthy := f.opened()
	orphan := f.grantOf(access.Request{ID: access.NewRequestID()})
	require.NoError(t, f.broker.Grant(ctx, orphan))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := f.reconciler().ReconcileTarget(ctx, target); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, []string{healthy.Name}, f.target.Objects())
	for _, g := range lost {
		f.ended(g, access.OutcomeRevoked)
	}
	require.Equal(t, 1, f.eventCounts(orphan.RequestID)[access.EventGrantSwept])
	f.findsNothing()
}
