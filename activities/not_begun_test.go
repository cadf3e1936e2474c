package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

// endsOff closes the grant of a request at a worker that cannot start its target.
func (a asked) endsOff() error {
	a.targets.Broker = integrations.NewBroker(nil, map[string]error{targetName: errors.New("no such file")})
	ending, ended := access.Ending(a.plan.RequestID, access.OutcomeFailed, a.now), access.Ended(a.plan.RequestID, access.OutcomeFailed, a.now)
	_, err := a.env.ExecuteActivity(api.CloseGrant, api.CloseGrantInput{RequestID: a.plan.RequestID, Target: targetName, Grant: a.grant(), Ending: &ending, Ended: &ended})
	return api.FromTemporal(err)
}

// neverBegan stores that a grant was never begun, signed.
func (a asked) neverBegan(by *evidence.Signer, n access.NotBegun) {
	n.PlanDigest, n.LogSize, n.At = a.plan.Digest, 9, a.now
	e, err := by.SignNotBegun(n)
	require.NoError(a, err)
	b, err := json.Marshal(e)
	require.NoError(a, err)
	require.NoError(a, a.ledger.AddStatement(context.Background(), access.Statement{RequestID: a.plan.RequestID, Key: access.KeyNotBegun(n.Grant), Envelope: b}))
}

// TestCase156OffAndNeverBegun: a request ends at a target that is off only by a server's
// signature over this very grant, and only if it was never begun.
func TestCase156OffAndNeverBegun(t *testing.T) {
	approved := func(t *testing.T) asked {
		a := newWorker(t).asks()
		_, err := a.verify(a.decision(bob, access.Approve))
		require.NoError(t, err)
		return a
	}
	own := func(a asked) access.NotBegun {
		return access.NotBegun{RequestID: a.plan.RequestID, Grant: a.grant(), Target: targetName}
	}
	t.Run("OK", func(t *testing.T) {
		a := approved(t)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(a.endsOff()), "nobody has signed anything yet")
		require.Equal(t, access.StateEnding, a.request().State)
		a.neverBegan(a.signer, own(a))
		require.NoError(t, a.endsOff())
		require.Equal(t, access.StateEnded, a.request().State)
		require.Zero(t, a.eventCounts()[access.EventGrantClosed], "nobody has read anything back")
	})
	for name, store := range map[string]func(a asked){
		"a worker signed it":       func(a asked) { a.neverBegan(a.targets.Signer, own(a)) },
		"it is of another grant":   func(a asked) { n := own(a); n.Grant = access.GrantName(n.RequestID, 1); a.neverBegan(a.signer, n) },
		"it is of another target":  func(a asked) { n := own(a); n.Target = "model/two"; a.neverBegan(a.signer, n) },
		"it is of another request": func(a asked) { n := own(a); n.RequestID = access.NewRequestID(); a.neverBegan(a.signer, n) },
		"somebody changed the text": func(a asked) {
			require.NoError(a, a.ledger.AddStatement(context.Background(), access.Statement{RequestID: a.plan.RequestID, Key: "x", Envelope: []byte(`{"payloadType": "` + evidence.TypeNotBegun + `"}`)}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := approved(t)
			store(a)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(a.endsOff()))
			require.Equal(t, access.StateEnding, a.request().State)
		})
	}
	t.Run("it was begun", func(t *testing.T) {
		a := newWorker(t).approvedAndOpen()
		a.neverBegan(a.signer, own(a))
		require.Equal(t, access.CodeUnavailable, access.CodeOf(a.endsOff()))
		require.Equal(t, access.StateEnding, a.request().State)
	})
	t.Run("a target that fails is no target that is off", func(t *testing.T) {
		a := approved(t)
		a.neverBegan(a.signer, own(a))
		a.target.FailNext(faketarget.OpRevoke, faketarget.Unavailable)
		require.Error(t, a.close())
	})
	t.Run("a target that works is asked", func(t *testing.T) {
		a := newWorker(t).approvedAndOpen()
		a.neverBegan(a.signer, own(a))
		require.NoError(t, a.close())
		require.Empty(t, a.target.Usable())
	})
}
