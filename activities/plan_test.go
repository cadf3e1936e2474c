package activities_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

// ref names the request's plan as a workflow does.
func (a asked) ref() *api.PlanRef {
	return &api.PlanRef{RequestID: a.plan.RequestID, Digest: a.plan.Digest}
}

// named returns the digests of decisions.
func (a asked) named(decisions ...evidence.Envelope) (digests []string) {
	for _, d := range decisions {
		digest, err := evidence.PayloadDigest(d)
		require.NoError(a, err)
		digests = append(digests, digest)
	}
	return digests
}

// opensNamed is open for a workflow that names its plan and its decisions.
func (a asked) opensNamed(decisions ...evidence.Envelope) error {
	_, err := a.env.ExecuteActivity(api.OpenGrant, api.OpenGrantInput{Of: a.ref(), Decided: a.named(decisions...), Grant: a.grant(),
		ExpiresAt: a.now.Add(30 * time.Minute), OnlyGrant: true})
	return api.FromTemporal(err)
}

// verifiesNamed is verify for a workflow that names its plan and goes by what it shows.
func (a asked) verifiesNamed(shown access.Plan, d evidence.Envelope) (api.VerifyDecisionsResult, error) {
	c := activities.Control{Ledger: a.ledger, Keyring: a.targets.Keyring, Directory: a.directory}
	res, err := c.VerifyDecisions(context.Background(), api.VerifyDecisionsInput{Of: a.ref(), Shown: &shown, New: &d})
	return res, api.FromTemporal(err)
}

// sql changes the ledger's database as somebody who owns it.
func (a asked) sql(statement string, args ...any) {
	db, err := sql.Open("sqlite", "file:"+a.path+"?_pragma=busy_timeout(10000)")
	require.NoError(a, err)
	defer db.Close()
	_, err = db.Exec(statement, args...)
	require.NoError(a, err)
}

// unreadable is a ledger that does not give plans at the moment.
type unreadable struct{ activities.GrantLedger }

func (unreadable) PlanEnvelope(context.Context, string) ([]byte, error) {
	return nil, access.Errorf(access.CodeUnavailable, "not now")
}

// TestCase53NamedPlan: a message names its plan and its decisions, and the worker reads
// them from the ledger. Somebody who writes there can exchange neither.
func TestCase53NamedPlan(t *testing.T) {
	approved := func(t *testing.T) (asked, evidence.Envelope) {
		a := newWorker(t).asks()
		d := a.decision(bob, access.Approve)
		res, err := a.verifiesNamed(a.plan, d)
		require.NoError(t, err)
		require.Equal(t, access.TallySatisfied, res.Tally)
		require.Nil(t, res.Decision, "the workflow has it")
		return a, d
	}
	refuses := func(t *testing.T, a asked, err error, why string) {
		t.Helper()
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, why)
		require.Empty(t, a.effects)
	}
	t.Run("as it was signed", func(t *testing.T) {
		a, d := approved(t)
		require.NoError(t, a.opensNamed(d))
		require.Equal(t, []string{a.grant()}, a.target.Usable())
		require.Equal(t, access.StateActive, a.request().State)
	})
	t.Run("another plan that was signed and approved as well", func(t *testing.T) {
		a, d := approved(t)
		longer := a.plan
		longer.Digest, longer.Duration = "", 2*longer.Duration
		signed, _, err := a.signer.SignPlan(longer)
		require.NoError(t, err)
		b, err := json.Marshal(signed)
		require.NoError(t, err)
		a.sql(`UPDATE requests SET plan_envelope = ? WHERE id = ?`, string(b), a.plan.RequestID)
		refuses(t, a, a.opensNamed(d), "not the one that the request was started with")
		_, err = a.verifiesNamed(a.plan, a.decision(person("ben", "approvers"), access.Approve))
		refuses(t, a, err, "not the one that the request was started with")
		require.Positive(t, a.eventCounts()[access.EventActRefused])
	})
	t.Run("a plan of another request", func(t *testing.T) {
		a, _ := approved(t)
		b := a.asks()
		_, err := a.env.ExecuteActivity(api.OpenGrant, api.OpenGrantInput{Of: &api.PlanRef{RequestID: b.plan.RequestID, Digest: a.plan.Digest},
			Grant: a.grant(), ExpiresAt: a.now.Add(30 * time.Minute)})
		refuses(t, a, api.FromTemporal(err), "not the one that the request was started with")
		signed, err := json.Marshal(a.signed)
		require.NoError(t, err)
		a.sql(`UPDATE requests SET plan_envelope = ? WHERE id = ?`, string(signed), b.plan.RequestID)
		_, err = a.env.ExecuteActivity(api.OpenGrant, api.OpenGrantInput{Of: &api.PlanRef{RequestID: b.plan.RequestID, Digest: a.plan.Digest},
			Grant: a.grant(), ExpiresAt: a.now.Add(30 * time.Minute)})
		refuses(t, a, api.FromTemporal(err), "not the one that the request was started with")
	})
	t.Run("none", func(t *testing.T) {
		a, _ := approved(t)
		a.plan.RequestID = access.NewRequestID()
		refuses(t, a, a.opensNamed(), "the ledger has no plan")
	})
	t.Run("a decision is missing that shortened the approval", func(t *testing.T) {
		a, d := approved(t)
		short, err := a.signer.SignDecision(access.Decision{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Verdict: access.Approve,
			Approver: person("ben", "approvers"), UpTo: access.Duration(10 * time.Minute), At: a.now})
		require.NoError(t, err)
		_, err = a.verifiesNamed(a.plan, short)
		require.NoError(t, err)
		a.sql(`DELETE FROM statements WHERE request_id = ? AND key LIKE 'decision-ben-%'`, a.plan.RequestID)
		refuses(t, a, a.opensNamed(d, short), "the ledger lacks a decision that the request has")
	})
	t.Run("a decision is missing that excluded an extension", func(t *testing.T) {
		a, d := approved(t)
		ben := a.decision(person("ben", "approvers"), access.Approve)
		_, err := a.verifiesNamed(a.plan, ben)
		require.NoError(t, err)
		require.NoError(t, a.opensNamed(d, ben))
		until := a.row().ExpiresAt
		a.sql(`DELETE FROM statements WHERE request_id = ? AND key LIKE 'decision-ben-%'`, a.plan.RequestID)
		order, err := a.signer.SignExtension(access.ExtensionOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Number: 1, From: until,
			Adds: access.Duration(10 * time.Minute), By: alice, At: a.now})
		require.NoError(t, err)
		recipient, err := evidence.NewRecipient()
		require.NoError(t, err)
		pickUp, err := a.signer.SignPickUp(access.PickUpOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Grant: a.grant(),
			Recipient: recipient.Public(), By: alice, At: a.now})
		require.NoError(t, err)
		_, err = a.env.ExecuteActivity(api.ExtendGrant, api.ExtendGrantInput{Of: a.ref(), Decided: a.named(d, ben), Order: order, Grant: a.grant()})
		require.ErrorContains(t, api.FromTemporal(err), "the ledger lacks a decision that the request has")
		require.Equal(t, until, a.row().ExpiresAt)
		_, err = a.env.ExecuteActivity(api.MintCredential, api.MintCredentialInput{Of: a.ref(), Decided: a.named(d, ben), Order: pickUp})
		require.ErrorContains(t, api.FromTemporal(err), "the ledger lacks a decision that the request has")
	})
	t.Run("operators are shown another plan", func(t *testing.T) {
		a := newWorker(t).asks()
		shown := a.plan
		shown.Reason = "harmless"
		_, err := a.verifiesNamed(shown, a.decision(bob, access.Approve))
		refuses(t, a, err, "not the one that was signed")
		require.Equal(t, access.StatePending, a.request().State)
	})
	t.Run("extending and picking up", func(t *testing.T) {
		a, d := approved(t)
		require.NoError(t, a.opensNamed(d))
		until := a.row().ExpiresAt
		order, err := a.signer.SignExtension(access.ExtensionOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Number: 1, From: until,
			Adds: access.Duration(10 * time.Minute), By: alice, Reason: "not done", At: a.now})
		require.NoError(t, err)
		pickUp := func(of *api.PlanRef) error {
			recipient, err := evidence.NewRecipient()
			require.NoError(t, err)
			e, err := a.signer.SignPickUp(access.PickUpOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Grant: a.grant(),
				Recipient: recipient.Public(), By: alice, At: a.now})
			require.NoError(t, err)
			_, err = a.env.ExecuteActivity(api.MintCredential, api.MintCredentialInput{Of: of, Order: e})
			return api.FromTemporal(err)
		}
		extend := func(of *api.PlanRef) error {
			_, err := a.env.ExecuteActivity(api.ExtendGrant, api.ExtendGrantInput{Of: of, Order: order, Grant: a.grant()})
			return api.FromTemporal(err)
		}
		wrong := a.ref()
		wrong.Digest = evidence.DigestOf([]byte("another"))
		for _, of := range []*api.PlanRef{wrong, {RequestID: access.NewRequestID(), Digest: a.plan.Digest}, {}} {
			require.Equal(t, access.CodeEvidence, access.CodeOf(extend(of)))
			require.Equal(t, access.CodeEvidence, access.CodeOf(pickUp(of)))
		}
		require.Equal(t, until, a.row().ExpiresAt)
		require.NoError(t, pickUp(a.ref()))
		require.NoError(t, extend(a.ref()))
		require.Equal(t, until.Add(10*time.Minute), a.row().ExpiresAt)
	})
	t.Run("a ledger that is down is asked again", func(t *testing.T) {
		a, d := approved(t)
		a.targets.Ledger = unreadable{a.ledger}
		require.Equal(t, access.CodeUnavailable, access.CodeOf(a.opensNamed(d)))
		require.Empty(t, a.effects)
		require.Zero(t, a.eventCounts()[access.EventActRefused])
	})
}
