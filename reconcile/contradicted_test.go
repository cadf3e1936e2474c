package reconcile_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/reconcile"
)

// TestCase58OverInTheLedger: somebody who wrote into the ledger that a request is over,
// what it has open is found in the next look, shown as ending, closed and read back.
func TestCase58OverInTheLedger(t *testing.T) {
	for _, state := range []access.State{access.StateEnded, access.StateDenied, access.StateFailed} {
		for name, run := range map[string]reconcile.RunStatus{"its workflow runs": reconcile.RunRunning, "its workflow is over": reconcile.RunClosed} {
			t.Run(string(state)+", "+name, func(t *testing.T) {
				f := newFixture(t)
				g := f.opened()
				f.runs.set(g.RequestID, run)
				raw, err := sql.Open("sqlite", f.path)
				require.NoError(t, err)
				defer raw.Close()
				_, err = raw.Exec(`UPDATE requests SET state = ?, ended_at = 1 WHERE id = ?`, string(state), g.RequestID)
				require.NoError(t, err)

				f.target.FailNext(faketarget.OpRevoke, faketarget.Unavailable)
				report := f.look()
				require.Equal(t, 1, report.Unresolved())
				require.Equal(t, access.StateEnding, f.request(g.RequestID).State, "no page says that it is gone")

				require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventAccessReopened])
				if run == reconcile.RunRunning {
					require.Equal(t, []string{g.RequestID}, f.runs.stopped, "the workflow goes on until it is closed")
					return
				}
				require.Zero(t, f.look().Unresolved())
				require.Empty(t, f.target.Objects())
				require.Equal(t, 1, f.eventCounts(g.RequestID)[access.EventGrantSwept])
				require.Equal(t, access.StateEnded, f.request(g.RequestID).State)
				f.findsNothing()
			})
		}
	}
}

// TestCase58WithNobodyToTell: where Temporal cannot be asked, it is closed all the
// same, and found again until it is.
func TestCase58WithNobodyToTell(t *testing.T) {
	f := newFixture(t)
	g := f.opened()
	raw, err := sql.Open("sqlite", f.path)
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`UPDATE requests SET state = 'ended', ended_at = 1 WHERE id = ?`, g.RequestID)
	require.NoError(t, err)
	sweep := func() reconcile.Report {
		r := f.reconciler()
		r.Runs = nil
		report, err := r.ReconcileTarget(ctx, target)
		require.NoError(t, err)
		return report
	}
	f.target.FailNext(faketarget.OpRevoke, faketarget.Unavailable)
	require.Equal(t, 1, sweep().Unresolved())
	require.Zero(t, sweep().Unresolved())
	require.Empty(t, f.target.Objects())
	require.Empty(t, sweep().Findings)
}

// TestCase58HiddenFromTheInbox: somebody who writes a false state into the table hides a
// request from those who would deny it for one look; it is an alarm, and no look
// changes what the log agrees with.
func TestCase58HiddenFromTheInbox(t *testing.T) {
	f := newFixture(t)
	hidden, gone, kept, live := f.asked(), f.asked(), f.asked(), f.opened()
	look := func(change ...func(*reconcile.Reconciler)) reconcile.Report {
		r := f.reconciler()
		for _, c := range change {
			c(r)
		}
		report, err := r.ReconcileRequests(ctx)
		require.NoError(t, err)
		return report
	}
	require.Empty(t, look().Findings)
	raw, err := sql.Open("sqlite", f.path)
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`UPDATE requests SET state = 'ended' WHERE id = ?`, hidden.ID)
	require.NoError(t, err)
	_, err = raw.Exec(`DELETE FROM requests WHERE id = ?`, gone.ID)
	require.NoError(t, err)

	report := look(func(r *reconcile.Reconciler) { r.DryRun = true })
	require.Equal(t, 2, report.Unresolved(), "a look that changes nothing finds it too")
	require.Equal(t, access.StateEnded, f.request(hidden.ID).State)
	report = look()
	require.Len(t, report.Findings, 1)
	require.Equal(t, reconcile.Hidden, report.Findings[0].Kind)
	require.Equal(t, access.StatePending, f.request(hidden.ID).State)
	require.Equal(t, 1, f.eventCounts(hidden.ID)[access.EventRecordAltered])
	require.NotEmpty(t, f.alarms.raised)
	require.Empty(t, look().Findings)
	require.Equal(t, access.StatePending, f.request(kept.ID).State)
	require.Equal(t, access.StateActive, f.request(live.RequestID).State)
}
