package app

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// TestCase57AnActIsDurableBeforeItIsAnswered: an order to end, and a denial, are in
// the ledger and signed before Temporal hears of them, and stand when it never does.
func TestCase57AnActIsDurableBeforeItIsAnswered(t *testing.T) {
	down := access.Errorf(access.CodeUnavailable, "down")
	type act struct {
		state access.State
		kind  access.EndKind
		do    func(f *fixture, r access.Request) (access.Request, error)
		calls []string
	}
	for name, c := range map[string]act{
		"revoke": {access.StateActive, access.EndRevoke, func(f *fixture, r access.Request) (access.Request, error) {
			return f.Revoke(f.t.Context(), oscar, r.ID, "why")
		}, []string{"ledger.OrderEnd", "gateway.End"}},
		"release": {access.StateActive, access.EndRelease, func(f *fixture, r access.Request) (access.Request, error) {
			return f.Release(f.t.Context(), alice, r.ID, "why")
		}, []string{"ledger.OrderEnd", "gateway.End"}},
		"cancel": {access.StateScheduled, access.EndCancel, func(f *fixture, r access.Request) (access.Request, error) {
			return f.Cancel(f.t.Context(), alice, r.ID, "why")
		}, []string{"ledger.OrderEnd", "gateway.End"}},
		"a denial of live access": {access.StateActive, access.EndRevoke, func(f *fixture, r access.Request) (access.Request, error) {
			return f.Decide(f.t.Context(), bob, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest, Comment: "why"})
		}, []string{"ledger.Advance", "ledger.OrderEnd", "gateway.Decide"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			r := f.request(c.state)
			f.ledger.calls = nil
			f.gateway.err = down
			_, err := c.do(f, r)
			require.NoError(t, err, "it stands, and is told again")
			require.Equal(t, c.calls, f.ledger.calls)
			signed := f.ledger.statements[len(f.ledger.statements)-1]
			var e evidence.Envelope
			require.NoError(t, json.Unmarshal(signed.Envelope, &e))
			require.Equal(t, evidence.TypeEnd, e.PayloadType)
			ordered := f.ledger.ordered[r.ID]
			require.Equal(t, c.kind, ordered.Kind)
			require.Equal(t, "why", ordered.Reason)
			require.Equal(t, r.Plan.Digest, ordered.PlanDigest)

			g := newFixture(t)
			r = g.request(c.state)
			g.ledger.orderErr = down
			g.ledger.calls = nil
			_, err = c.do(g, r)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "what is not recorded is not answered with success")
			require.Equal(t, 1, g.gateway.messages(), "and a ledger that is down keeps no access open")
		})
	}
	t.Run("a denial before access opened", func(t *testing.T) {
		f := newFixture(t)
		r := f.request(access.StatePending)
		f.ledger.calls = nil
		_, err := f.Decide(t.Context(), bob, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest})
		require.NoError(t, err)
		require.Equal(t, []string{"ledger.Advance", "gateway.Decide"}, f.ledger.calls)
		require.Empty(t, f.ledger.ordered)
	})
}

// TestCase57SentAgainUntilEnded: what the ledger has and its workflow has not acted on
// is sent again, for as long as the request is not over.
func TestCase57SentAgainUntilEnded(t *testing.T) {
	f := newFixture(t)
	r, p := f.request(access.StateActive), f.request(access.StateScheduled)
	_, err := f.Revoke(t.Context(), bob, r.ID, "why")
	require.NoError(t, err)
	require.Len(t, f.gateway.ends, 1)
	require.NoError(t, f.resendOnce(t.Context()))
	require.Len(t, f.gateway.ends, 1, "it was sent a moment ago")
	f.gateway.err = access.Errorf(access.CodeNotFound, "the workflow was terminated")
	for n := 2; n < 5; n++ {
		f.now = f.now.Add(resendAfter)
		require.NoError(t, f.resendOnce(t.Context()))
		require.Len(t, f.gateway.ends, n)
	}
	delete(f.ledger.ordered, r.ID) // it is over
	f.now = f.now.Add(time.Hour)
	require.NoError(t, f.resendOnce(t.Context()))
	require.Len(t, f.gateway.ends, 4)

	signed, err := f.decider.signer.SignDecision(access.Decision{RequestID: p.ID, PlanDigest: p.Plan.Digest, Verdict: access.Deny, Approver: bob.Person, At: f.now})
	require.NoError(t, err)
	envelope, err := json.Marshal(signed)
	require.NoError(t, err)
	f.ledger.undelivered = []ledger.Denial{{RequestID: p.ID, Envelope: envelope}}
	f.now = f.now.Add(resendAfter)
	require.NoError(t, f.resendOnce(t.Context()))
	require.Equal(t, []evidence.Envelope{signed}, f.gateway.denials)
}
