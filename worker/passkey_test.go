package worker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/passkey/passkeytest"
	"ramp.dev/ramp/workflows"
)

func byPasskey(p *access.Plan) {
	lead(p)
	p.Rule.Passkey = true
}

// says is bob's approval with an assertion, signed by the captured server.
func (a asked) says(signed *access.Assertion) evidence.Envelope {
	a.site.Helper()
	return a.saysAs("bob", signed)
}

func (a asked) saysAs(who string, signed *access.Assertion) evidence.Envelope {
	a.site.Helper()
	e, err := a.site.signer.SignDecision(access.Decision{RequestID: a.id(), PlanDigest: a.plan.Digest, Verdict: access.Approve, At: time.Now().UTC(),
		Approver: access.Person{ID: who, Kind: access.KindHuman, Groups: []string{"leads"}}, Passkey: signed})
	require.NoError(a.site, err)
	return e
}

func (a asked) envelope() (e evidence.Envelope) {
	a.site.Helper()
	b, err := a.site.ledger.PlanEnvelope(a.site.Context(), a.id())
	require.NoError(a.site, err)
	require.NoError(a.site, json.Unmarshal(b, &e))
	return e
}

// TestCapturedServer acts as somebody who has the server whole: its signing
// key, its connection to Temporal, and what people have signed there. What they
// cannot have is a key that the worker's file knows. Nothing opens, and each try
// leaves a record.
func TestCapturedServer(t *testing.T) {
	t.Parallel()
	bobs, erins, attackers := passkeytest.New(t), passkeytest.New(t), passkeytest.New(t)
	s := newSite(t, nil)
	s.passkeys = erins.Enrolled("erin", bobs.Enrolled("bob", passkey.Set{}))
	s.config.Targets = map[string]TargetConfig{targetName: {TargetFields: TargetFields{PasskeyApprovals: 1}}}
	s.start()
	run := s.attackers()
	// tries goes past the workflow too, straight at the target's queue.
	tries := func(t *testing.T, a asked, want string, decisions ...evidence.Envelope) {
		t.Helper()
		for _, d := range decisions {
			_, err := update[workflows.DecideResult](a, workflows.UpdateDecide, d)
			require.ErrorContains(t, err, want)
		}
		require.ErrorContains(t, run(api.OpenGrantInput{Plan: a.envelope(), Decisions: decisions, Grant: a.grant(),
			ExpiresAt: time.Now().Add(time.Minute)}), want)
		s.leaves(a.id(), want)
		require.Zero(t, s.opened())
	}

	t.Run("the server's word for an approval", func(t *testing.T) {
		a := s.asks(time.Hour, byPasskey)
		tries(t, a, "the approval carries none", a.says(nil))
	})
	t.Run("a key that is enrolled at the server only", func(t *testing.T) {
		a := s.asks(time.Hour, byPasskey)
		tries(t, a, "not enrolled for bob", a.says(attackers.Signs(a.id(), a.plan.Digest, access.Approve)))
	})
	t.Run("what bob signed for another request", func(t *testing.T) {
		a, b := s.asks(time.Hour, byPasskey), s.asks(time.Hour, byPasskey)
		tries(t, b, "did not sign this approval", b.says(bobs.Signs(a.id(), a.plan.Digest, access.Approve)))
	})
	t.Run("bob's denial as an approval", func(t *testing.T) {
		a := s.asks(time.Hour, byPasskey)
		tries(t, a, "did not sign this approval", a.says(bobs.Signs(a.id(), a.plan.Digest, access.Deny)))
	})
	t.Run("a plan that wants no passkey", func(t *testing.T) {
		a := s.asks(time.Hour, lead)
		e := a.says(nil)
		_, err := update[workflows.DecideResult](a, workflows.UpdateDecide, e)
		require.NoError(t, err, "nothing is wrong with it elsewhere")
		s.eventually(func() bool { return a.row().State.Final() }, "%s is over", a.id())
		require.ErrorContains(t, run(api.OpenGrantInput{Plan: a.envelope(), Decisions: []evidence.Envelope{e}, Grant: a.grant(),
			ExpiresAt: time.Now().Add(time.Minute)}), "opens only what was approved with passkeys")
		s.leaves(a.id(), "opens only what was approved with passkeys")
		require.Zero(t, s.opened())
	})
	t.Run("a plan that approves itself", func(t *testing.T) {
		for _, change := range []func(*access.Plan){
			func(*access.Plan) {},
			func(p *access.Plan) { p.Rule.Passkey = true },
		} {
			a := s.asks(time.Hour, change)
			require.Error(t, run(api.OpenGrantInput{Plan: a.envelope(), Grant: a.grant(), ExpiresAt: time.Now().Add(time.Minute)}))
			require.Zero(t, s.opened())
		}
	})
	t.Run("a row in the ledger that says it is open", func(t *testing.T) {
		targets := &activities.Targets{Broker: s.worker.Broker, Ledger: s.ledger, PasskeyApprovals: map[string]int{targetName: 1},
			Keyring: evidence.NewKeyring(s.signer.Public()).WithPasskeys(s.passkeys)}
		for _, rule := range []func(*access.Plan){byPasskey, lead} {
			a := s.asks(time.Hour, rule)
			p := a.plan.Grants[0]
			g := access.Grant{Name: p.Name, RequestID: a.id(), Target: p.Target, Principal: a.plan.Principal, Entitlement: p.Entitlement,
				ExpiresAt: time.Now().Add(time.Hour).UTC()}
			require.NoError(t, s.ledger.IntendGrant(t.Context(), g, time.Now()))
			require.NoError(t, s.ledger.MarkOpened(t.Context(), g.Name, time.Now()))
			key, err := evidence.NewRecipient()
			require.NoError(t, err)
			order, err := s.signer.SignPickUp(access.PickUpOrder{RequestID: a.id(), PlanDigest: a.plan.Digest, Grant: g.Name, Recipient: key.Public(),
				By: a.plan.Requester, At: time.Now().UTC()})
			require.NoError(t, err)
			_, err = targets.MintCredential(t.Context(), api.MintCredentialInput{Plan: a.envelope(), Order: order})
			require.ErrorContains(t, err, "approved")
			require.Empty(t, s.service.asked("mint"))
		}
	})
	t.Run("bob himself", func(t *testing.T) {
		a := s.asks(time.Hour, byPasskey)
		_, err := update[workflows.DecideResult](a, workflows.UpdateDecide, a.says(bobs.Signs(a.id(), a.plan.Digest, access.Approve)))
		require.NoError(t, err)
		a.awaits(access.StateActive)
		require.Equal(t, 1, s.opened())
		key, err := evidence.NewRecipient()
		require.NoError(t, err)
		order, err := s.signer.SignPickUp(access.PickUpOrder{RequestID: a.id(), PlanDigest: a.plan.Digest, Grant: a.grant(), Recipient: key.Public(),
			By: a.plan.Requester, At: time.Now().UTC()})
		require.NoError(t, err)
		_, err = update[evidence.SealedCredential](a, workflows.UpdatePickUp, order)
		require.NoError(t, err)
		a.stops(access.EndRelease)
		a.awaits(access.StateEnded)
	})
	t.Run("one insider, where two must have approved", func(t *testing.T) {
		targets := &activities.Targets{Broker: s.worker.Broker, Ledger: s.ledger, PasskeyApprovals: map[string]int{targetName: 2},
			Keyring: evidence.NewKeyring(s.signer.Public()).WithPasskeys(s.passkeys)}
		a := s.asks(time.Hour, byPasskey)
		bob := a.says(bobs.Signs(a.id(), a.plan.Digest, access.Approve))
		erin := a.saysAs("erin", erins.Signs(a.id(), a.plan.Digest, access.Approve))
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestActivityEnvironment()
		env.RegisterActivity(targets.OpenGrant)
		opens := func(a asked, decisions ...evidence.Envelope) error {
			_, err := env.ExecuteActivity(targets.OpenGrant, api.OpenGrantInput{Plan: a.envelope(), Decisions: decisions, Grant: a.grant(), ExpiresAt: time.Now().Add(time.Minute)})
			return err
		}
		open := func(decisions ...evidence.Envelope) error { return opens(a, decisions...) }
		before := s.opened()
		require.ErrorContains(t, open(bob), "passkeyApprovals")
		require.ErrorContains(t, open(bob, bob), "passkeyApprovals", "once more is not one more")
		require.Equal(t, before, s.opened())
		own := s.asks(time.Hour, func(p *access.Plan) { byPasskey(p); p.Requester.ID = "erin" })
		err := opens(own, own.says(bobs.Signs(own.id(), own.plan.Digest, access.Approve)), own.saysAs("erin", erins.Signs(own.id(), own.plan.Digest, access.Approve)))
		require.ErrorContains(t, err, "passkeyApprovals", "nobody is one of two for what they asked for themselves")
		require.Equal(t, before, s.opened())
		require.NoError(t, open(bob, erin))
		require.Equal(t, before+1, s.opened())
		require.NoError(t, targets.CloseGrant(t.Context(), api.CloseGrantInput{RequestID: a.id(), Target: targetName, Grant: a.grant()}))
	})
}

// TestWorkerWithoutPasskeys believes no approval of a plan that wants one, and
// any denial.
func TestWorkerWithoutPasskeys(t *testing.T) {
	t.Parallel() // it waits most of its time
	bobs := passkeytest.New(t)
	s := newSite(t, nil).start()
	a := s.asks(time.Hour, byPasskey)
	_, err := update[workflows.DecideResult](a, workflows.UpdateDecide, a.says(bobs.Signs(a.id(), a.plan.Digest, access.Approve)))
	require.ErrorContains(t, err, "keys.passkeys")
	s.leaves(a.id(), "keys.passkeys")
	_, err = update[workflows.DecideResult](a, workflows.UpdateDecide, a.decision(s.signer, "bob", access.Deny))
	require.NoError(t, err)
	a.awaits(access.StateDenied)
	require.Zero(t, s.opened())
}
