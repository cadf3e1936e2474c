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

// TestCase156ClosedElsewhere: somebody who writes to Temporal has a grant closed on another
// target of the same worker, where it never was. Nothing is left of it there, and that says
// nothing of where it is.
func TestCase156ClosedElsewhere(t *testing.T) {
	w := newWorker(t)
	other := faketarget.New(faketarget.Config{Now: func() time.Time { return w.now }, Bounds: integrations.Bounds{Ending: time.Minute}})
	w.targets.Broker = integrations.NewBroker(map[string]integrations.Target{targetName: w.target, "model/two": other}, nil)
	a := w.approvedAndOpen()
	_, err := w.env.ExecuteActivity(api.CloseGrant, api.CloseGrantInput{RequestID: a.plan.RequestID, Target: "model/two", Grant: a.grant(), OnlyGrant: true,
		End: &api.End{Outcome: access.OutcomeExpired, At: w.now}})
	require.ErrorContains(t, err, "is on "+targetName+" by its plan")
	require.Equal(t, []string{a.grant()}, w.target.Usable())
	require.Equal(t, ledger.GrantOpen, a.row().Status, "it is open")
	require.NotEqual(t, access.StateEnded, a.request().State)
	require.NoError(t, a.close())
	require.Empty(t, w.target.Usable())
	require.Equal(t, ledger.GrantClosed, a.row().Status)
}

// slowTo is a target on which closing lasts until it is told to go on.
type slowTo struct {
	*faketarget.Target
	revokes func()
}

func (s slowTo) Revoke(ctx context.Context, g access.Grant) error {
	s.revokes()
	return s.Target.Revoke(ctx, g)
}

// TestCase156EndWaitsForNoOtherTarget: somebody who writes to Temporal has a grant closed on
// another target, which is slow. Its own closing neither waits for that nor counts it as its own.
func TestCase156EndWaitsForNoOtherTarget(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	own := access.Grant{Name: a.grant(), RequestID: a.plan.RequestID, Target: targetName}
	elsewhere := own
	elsewhere.Target = "model/two"
	other := faketarget.New(faketarget.Config{Now: func() time.Time { return w.now }, Bounds: integrations.Bounds{Ending: time.Minute}})
	ended := false
	w.targets.Broker = integrations.NewBroker(map[string]integrations.Target{targetName: w.target, "model/two": slowTo{other, func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // only a worker that waits for itself needs it
		defer cancel()
		ended = w.targets.RevokeAndVerify(ctx, own) == nil
	}}}, nil)
	_ = w.targets.RevokeAndVerify(t.Context(), elsewhere)
	require.True(t, ended)
	require.Empty(t, w.target.Usable())
	require.Equal(t, ledger.GrantClosed, a.row().Status)
}
