package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/faketarget"
)

// TestCase52ScopeChanged: people approved a description that somebody else than this
// worker made up. Nothing is opened by it, prolonged or handed out, not even where
// the ledger says that it is open.
func TestCase52ScopeChanged(t *testing.T) {
	w := newWorker(t)
	a := w.asks(func(p *access.Plan) { p.Grants[0].Scope.Summary = "read one table" })
	approval := a.decision(bob, access.Approve)
	_, err := a.verify(approval)
	require.NoError(t, err)
	refused := func(what string, err error) {
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), what)
		require.Equal(t, access.IssueScopeChanged, access.IssuesOf(err)[0].Code, what)
		require.ErrorContains(t, err, `the summary is "it" now, and was approved as "read one table"`, what)
	}
	until := w.now.Add(30 * time.Minute)
	refused("opening", a.open(until, approval))
	require.Empty(t, w.effects)
	require.Equal(t, 1, a.eventCounts()[access.EventActRefused])

	ctx := context.Background()
	g, err := a.plan.Grant(a.grant(), until)
	require.NoError(t, err)
	require.NoError(t, w.ledger.IntendGrant(ctx, g, w.now))
	require.NoError(t, w.ledger.MarkOpened(ctx, g.Name, w.now))
	refused("extending", a.extend(alice, 1, 10*time.Minute, until.Add(10*time.Minute)))
	require.Equal(t, until, a.row().ExpiresAt)
	recipient, err := evidence.NewRecipient()
	require.NoError(t, err)
	order, err := a.signer.SignPickUp(access.PickUpOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Grant: a.grant(),
		Recipient: recipient.Public(), By: alice, At: w.now})
	require.NoError(t, err)
	_, err = a.env.ExecuteActivity(api.MintCredential, api.MintCredentialInput{Plan: a.signed, Order: order})
	refused("picking up", api.FromTemporal(err))
	require.Empty(t, w.effects)
}

// TestCase52ResolutionIsSigned: a worker signs what it answered, over the question.
func TestCase52ResolutionIsSigned(t *testing.T) {
	w := newWorker(t)
	w.targets.Signer = newSigner(t)
	in := api.ResolveScopesInput{Question: "q1", Target: targetName, Entitlements: []access.Entitlement{{"what": "one"}, {"what": "two"}}}
	out, err := w.env.ExecuteActivity(api.ResolveScopes, in)
	require.NoError(t, err)
	var res api.ResolveScopesResult
	require.NoError(t, out.Get(&res))
	scopes, err := evidence.NewKeyring(w.targets.Signer.Public()).VerifyResolution(res.Signed, in.Question, targetName, in.Entitlements)
	require.NoError(t, err)
	require.Equal(t, []access.Scope{faketarget.Scope("one"), faketarget.Scope("two")}, scopes)
}
