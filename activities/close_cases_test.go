package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
)

func TestCase33RemovedByHand(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	w.target.Remove(a.grant())
	require.NoError(t, a.close())
	require.Equal(t, ledger.GrantClosed, a.row().Status)
	require.NoError(t, a.close(), "closing what is closed")
	require.Equal(t, 1, a.eventCounts()[access.EventGrantClosed])
}

// TestCase27SuccessThatWasNone: only reading back shows that a grant is gone.
func TestCase27SuccessThatWasNone(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	w.target.FailNext(faketarget.OpRevoke, faketarget.StillThere)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(a.close()))
	require.Equal(t, ledger.GrantOpen, a.row().Status)
	require.NoError(t, a.close())
	require.Empty(t, w.target.Objects())
}

// TestCase27NotFoundYet: soon after a grant, "not found" may be "not found yet".
// Closing waits until a read is consistent.
func TestCase27NotFoundYet(t *testing.T) {
	w := newWorkerOf(t, integrations.Bounds{Ending: time.Minute, Consistency: 300 * time.Millisecond})
	a := w.asks()
	w.target.FailNext(faketarget.OpGrant, faketarget.SurfacesLate)
	require.NoError(t, a.open(start.Add(30*time.Minute), a.decision(bob, access.Approve)))
	for a.close() != nil { // as the workflow does, for ever
	}
	require.Empty(t, w.target.Objects())
}

// givenAgain is a target on which a grant that was removed is there by somebody else's hand.
type givenAgain struct{ *faketarget.Target }

func (g givenAgain) Inspect(ctx context.Context, of access.Grant) (access.ReadBack, error) {
	p, err := g.Target.Inspect(ctx, of)
	p.Again = p.Gone()
	return p, err
}

// TestCase157ClosedAgain: the closer ends a grant while Temporal is down, an administrator gives
// the person the same, and the workflow's own closing comes late. The log says so, once.
func TestCase157ClosedAgain(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	w.targets.Broker = integrations.NewBroker(map[string]integrations.Target{targetName: givenAgain{w.target}}, nil)
	require.NoError(t, w.ledger.MarkClosed(t.Context(), a.grant(), w.now))
	w.target.Remove(a.grant())
	w.effects = nil
	for range 2 {
		require.NoError(t, a.close())
	}
	for _, effect := range w.effects {
		require.Equal(t, faketarget.OpInspect, effect.Op, "there was nothing to end")
	}
	require.Equal(t, 1, a.eventCounts()[access.EventGrantDrifted])
	require.Equal(t, 1, a.eventCounts()[access.EventGrantClosed])
	require.NoError(t, w.targets.RevokeAndVerify(t.Context(), access.Grant{Name: access.GrantName(access.NewRequestID(), 0), RequestID: access.NewRequestID(), Target: targetName}),
		"a grant that the ledger does not have")
}

// TestCase35OnlyTheRecord: there is no way to mark a grant as closed but to close
// it; every error keeps it open in the ledger, and is tried again.
func TestCase35OnlyTheRecord(t *testing.T) {
	for _, op := range []faketarget.Op{faketarget.OpRevoke, faketarget.OpInspect} {
		for _, f := range faketarget.Faults(op)[1:7] {
			t.Run(string(op)+" "+string(f), func(t *testing.T) {
				w := newWorker(t)
				a := w.approvedAndOpen()
				w.target.FailNext(op, f)
				_, err := w.env.ExecuteActivity(api.CloseGrant, api.CloseGrantInput{RequestID: a.plan.RequestID, Target: targetName, Grant: a.grant()})
				require.Error(t, err)
				require.NotContains(t, err.Error(), "retryable: false", "closing has no permanent error")
				require.Equal(t, ledger.GrantOpen, a.row().Status)
				require.NoError(t, a.close())
				require.Equal(t, ledger.GrantClosed, a.row().Status)
			})
		}
	}
}

// TestCase25EverythingDeadAcrossTheEnd: the target's own expiry holds meanwhile,
// and the first to come back closes what is left.
func TestCase25EverythingDeadAcrossTheEnd(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	w.now = start.Add(72 * time.Hour)
	require.Empty(t, w.target.Usable())
	require.NotEmpty(t, w.target.Objects())
	require.NoError(t, a.close())
	require.Empty(t, w.target.Objects())
}
