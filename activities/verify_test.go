package activities_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// TestVerifyGrant: what the ledger says of an open grant counts only as far as it
// was signed.
func TestVerifyGrant(t *testing.T) {
	w := newWorker(t)
	a := w.approvedAndOpen()
	ctx := context.Background()
	g := a.row().Grant
	require.NoError(t, w.targets.VerifyGrant(ctx, g))
	for name, change := range map[string]func(*access.Grant){
		"wider":             func(g *access.Grant) { g.Entitlement = access.Entitlement{"what": "everything"} },
		"elsewhere":         func(g *access.Grant) { g.Target = "model/other" },
		"for somebody else": func(g *access.Grant) { g.Principal = "mallory" },
		"longer":            func(g *access.Grant) { g.ExpiresAt = g.ExpiresAt.Add(2 * time.Hour) },
		"longer than ordered, though the plan could be extended so far": func(g *access.Grant) { g.ExpiresAt = g.ExpiresAt.Add(20 * time.Minute) },
		"one more":    func(g *access.Grant) { g.Name = access.GrantName(g.RequestID, 1) },
		"of another":  func(g *access.Grant) { g.RequestID = w.asks().plan.RequestID },
		"of nobody's": func(g *access.Grant) { g.RequestID = access.NewRequestID() },
	} {
		forged := g
		change(&forged)
		require.Equal(t, access.CodeEvidence, access.CodeOf(w.targets.VerifyGrant(ctx, forged)), name)
	}
	require.NoError(t, a.extend(alice, 1, 20*time.Minute, g.ExpiresAt.Add(20*time.Minute)))
	require.NoError(t, w.targets.VerifyGrant(ctx, a.row().Grant), "as long as ordered")
	pending := w.asks()
	g = access.Grant{Name: pending.grant(), RequestID: pending.plan.RequestID, Target: targetName, Principal: alice.ID,
		Entitlement: pending.plan.Grants[0].Entitlement, ExpiresAt: w.now.Add(time.Minute)}
	require.Equal(t, access.CodeEvidence, access.CodeOf(w.targets.VerifyGrant(ctx, g)), "approved by nobody")
}

// TestCase57NothingAfterAnOrderToEnd: somebody who drives the queues past server and
// workflow gets nothing for a request that somebody has ended.
func TestCase57NothingAfterAnOrderToEnd(t *testing.T) {
	ctx := context.Background()
	end := start.Add(30 * time.Minute)
	recipient, err := evidence.NewRecipient()
	require.NoError(t, err)
	orderEnd := func(a asked) {
		o := access.EndOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Kind: access.EndRevoke, By: "carol", At: a.now}
		e, err := a.signer.SignEnd(o)
		require.NoError(t, err)
		b, err := json.Marshal(e)
		require.NoError(t, err)
		require.NoError(t, a.ledger.OrderEnd(ctx, o, b))
	}
	t.Run("opening", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks()
		approval := a.decision(bob, access.Approve)
		_, err := a.verify(approval)
		require.NoError(t, err)
		orderEnd(a)
		a.refuses(access.CodeConflict, end, approval)
		w.targets.Ledger = forgetful{w.ledger}
		a.refuses(access.CodeConflict, end, approval)
	})
	t.Run("extending, minting and restoring", func(t *testing.T) {
		w := newWorker(t)
		a := w.approvedAndOpen()
		orderEnd(a)
		require.Equal(t, access.StateEnding, a.request().State, "at once, whatever becomes of the workflow")
		require.Equal(t, access.CodeConflict, access.CodeOf(a.extend(alice, 1, 10*time.Minute, end.Add(10*time.Minute))))
		require.Equal(t, access.CodeConflict, access.CodeOf(a.ledger.MarkExtended(ctx, a.grant(), end.Add(10*time.Minute))), "the ledger refuses by itself")
		e, err := a.signer.SignPickUp(access.PickUpOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Grant: a.grant(),
			Recipient: recipient.Public(), By: alice, At: a.now})
		require.NoError(t, err)
		_, err = a.env.ExecuteActivity(api.MintCredential, api.MintCredentialInput{Plan: a.signed, Order: e})
		require.Equal(t, access.CodeConflict, access.CodeOf(api.FromTemporal(err)))
		require.Equal(t, access.CodeConflict, access.CodeOf(w.targets.VerifyGrant(ctx, a.row().Grant)))
		require.Equal(t, a.now, a.row().ExpiresAt, "its end is now: closers go by that")
	})
	t.Run("a denial that Temporal kept back", func(t *testing.T) {
		w := newWorker(t)
		a := w.approvedAndOpen()
		d := access.Decision{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Verdict: access.Deny, Approver: person("erin", "approvers"), At: a.now.Add(time.Minute)}
		e, err := a.signer.SignDecision(d)
		require.NoError(t, err)
		b, err := json.Marshal(e)
		require.NoError(t, err)
		require.NoError(t, a.ledger.AddStatement(ctx, access.Statement{RequestID: a.plan.RequestID, Key: access.KeyDecision(d), Envelope: b}))
		require.Equal(t, access.CodeConflict, access.CodeOf(w.targets.VerifyGrant(ctx, a.row().Grant)))
		require.Error(t, a.extend(alice, 1, 10*time.Minute, end.Add(10*time.Minute)))
	})
}

// forgetful is a ledger whose own refusal of what was ended was removed, so that the
// statements alone stand.
type forgetful struct{ *ledger.Ledger }

func (forgetful) IntendGrant(context.Context, access.Grant, time.Time) error { return nil }

// TestCase60PlannedStart: an approval alone opens nothing at a start that comes
// later; a server's confirmation does, if it leaves out no decision.
func TestCase60PlannedStart(t *testing.T) {
	ctx := context.Background()
	at := start.Add(3 * time.Hour)
	plan := func(w *worker) (asked, evidence.Envelope) {
		a := w.asks(func(p *access.Plan) { p.StartAt = &at })
		return a, a.decision(bob, access.Approve)
	}
	confirm := func(a asked, when time.Time, decisions ...evidence.Envelope) {
		var list []access.Decision
		for _, e := range decisions {
			d, err := evidence.ReadDecision(e)
			require.NoError(t, err)
			list = append(list, d)
		}
		e, err := a.signer.SignConfirmation(access.Confirmation{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest,
			Decisions: access.DecisionKeys(list), At: when})
		require.NoError(t, err)
		b, err := json.Marshal(e)
		require.NoError(t, err)
		require.NoError(t, a.ledger.AddStatement(ctx, access.Statement{RequestID: a.plan.RequestID, Key: access.KeyConfirmation, Envelope: b}))
	}
	until := at.Add(30 * time.Minute)
	t.Run("by the approval alone", func(t *testing.T) {
		w := newWorker(t)
		a, approval := plan(w)
		w.now = at
		a.refuses(access.CodeUnavailable, until, approval)
	})
	t.Run("confirmed before the denial came", func(t *testing.T) {
		w := newWorker(t)
		a, approval := plan(w)
		confirm(a, start.Add(time.Hour), approval)
		w.now = at
		a.refuses(access.CodeUnavailable, until, approval)
	})
	t.Run("confirmed, and the denial is left out", func(t *testing.T) {
		w := newWorker(t)
		a, approval := plan(w)
		w.now = at
		confirm(a, at, approval, a.decision(person("erin", "approvers"), access.Deny))
		a.refuses(access.CodeUnavailable, until, approval)
	})
	t.Run("confirmed", func(t *testing.T) {
		w := newWorker(t)
		a, approval := plan(w)
		w.now = at
		confirm(a, at, approval)
		require.NoError(t, a.open(until, approval))
		require.Equal(t, []string{a.grant()}, w.target.Usable())
	})
}
