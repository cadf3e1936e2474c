package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// TestPending: a request that nobody has decided has no task, and still ends at once
// when it is to, whether or not a worker runs, and when its time is over.
func TestPending(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	order := workflows.EndRequest{Kind: access.EndCancel, By: "alice", Reason: "not needed", At: time.Now().UTC()}
	endedBy := func(a asked) (who, why string) {
		t.Helper()
		list, err := s.ledger.Events(t.Context(), ledger.EventFilter{RequestID: a.id()})
		require.NoError(t, err)
		last := list[len(list)-1]
		require.Equal(t, access.EventRequestCancelled, last.Kind)
		return last.Actor, last.Message
	}

	withNoWorker, byOperator := s.asksAsServers(time.Hour, lead), s.asksAsServers(time.Hour, lead)
	require.NoError(t, workflows.End(t.Context(), s.temporal, withNoWorker.id(), order))
	require.NoError(t, s.temporal.CancelWorkflow(t.Context(), byOperator.id(), ""))
	s.start()
	withNoWorker.awaits(access.StateCancelled)
	who, why := endedBy(withNoWorker)
	require.Equal(t, [2]string{"alice", "not needed"}, [2]string{who, why}, "the signal says who, not the cancellation that made the task")
	byOperator.awaits(access.StateCancelled)
	who, _ = endedBy(byOperator)
	require.Equal(t, access.ActorTemporal, who)

	t.Run("with a worker, at once", func(t *testing.T) {
		a := s.asksAsServers(time.Hour, lead)
		require.EqualValues(t, 1, s.runOf(a.id()).WorkflowExecutionInfo.HistoryLength, "it has no task")
		require.NoError(t, workflows.End(t.Context(), s.temporal, a.id(), order))
		a.awaits(access.StateCancelled)
	})
	t.Run("decided, opened, ended; an end of what is open is no cancellation", func(t *testing.T) {
		a := s.asksAsServers(time.Hour, lead)
		_, err := update[workflows.DecideResult](a, workflows.UpdateDecide, a.decision(s.signer, "bob", access.Approve))
		require.NoError(t, err)
		a.awaits(access.StateActive) // its task is over, and with it Temporal knows that it is pending no more
		require.NoError(t, workflows.End(t.Context(), s.temporal, a.id(), workflows.EndRequest{Kind: access.EndRelease, By: "alice"}))
		require.Equal(t, access.OutcomeReleased, a.awaits(access.StateEnded).Outcome)
		for h := s.temporal.GetWorkflowHistory(t.Context(), a.id(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); h.HasNext(); {
			e, err := h.Next()
			require.NoError(t, err)
			require.Nil(t, e.GetWorkflowExecutionCancelRequestedEventAttributes())
		}
	})
	t.Run("nobody decides: it lapses", func(t *testing.T) {
		a := s.asksAsServers(time.Hour, lead, func(p *access.Plan) { p.PendingUntil = time.Now().UTC().Add(2 * time.Second) })
		a.awaits(access.StateLapsed)
	})
	// The workflow takes signals one after the other: what lapses once the first is looked
	// at leaves the denial behind it unread.
	t.Run("a denial that came as a signal, behind junk, counts before it lapses", func(t *testing.T) {
		a := s.asksAsServers(time.Hour, lead, func(p *access.Plan) { p.PendingUntil = time.Now().UTC().Add(3 * time.Second) })
		a.signals(a.decision(evidence.NewSigner(strangerKey(t)), "mallory", access.Deny))
		a.signals(a.decision(s.signer, "bob", access.Deny))
		a.awaits(access.StateDenied)
	})
	t.Run("an automatic approval waits for nothing", func(t *testing.T) {
		s.asksAsServers(time.Hour).awaits(access.StateActive)
	})
}
