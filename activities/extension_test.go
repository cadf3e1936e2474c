package activities_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// asking is open access of which people decide each extension, with an order by the
// requester, and what records a decision on it.
func asking(t *testing.T) (a asked, order evidence.Envelope, decide func(by *evidence.Signer, p access.Person, v access.Verdict)) {
	w := newWorker(t)
	a = w.asks(func(p *access.Plan) {
		p.Extend = &access.ExtensionLimits{Times: 1, UpTo: access.Duration(time.Hour), Rule: &access.Rule{DenyThreshold: 1,
			Stages: []access.Stage{{Name: "leads", From: []string{"leads"}, Approvals: 1}}}}
	})
	approval := a.decision(bob, access.Approve)
	_, err := a.verify(approval)
	require.NoError(t, err)
	end := w.now.Add(30 * time.Minute)
	require.NoError(t, a.open(end, approval))
	order, err = a.signer.SignExtension(access.ExtensionOrder{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Number: 1, From: end,
		Adds: access.Duration(20 * time.Minute), By: alice, At: a.now})
	require.NoError(t, err)
	digest, err := evidence.PayloadDigest(order)
	require.NoError(t, err)
	return a, order, func(by *evidence.Signer, p access.Person, v access.Verdict) {
		d := access.Decision{RequestID: a.plan.RequestID, PlanDigest: digest, Verdict: v, Approver: p, At: w.now}
		signed, err := by.SignExtensionDecision(d)
		require.NoError(t, err)
		b, err := json.Marshal(signed)
		require.NoError(t, err)
		require.NoError(t, a.ledger.Advance(context.Background(), access.ExtensionDecided(d, b)))
	}
}

// TestExtensionThatPeopleDecide: a worker extends what the approvers of extensions have
// approved, a moment ago, and nothing else, no matter who sends it the order.
func TestExtensionThatPeopleDecide(t *testing.T) {
	leader := person("lee", "leads")
	for _, c := range []struct {
		name string
		do   func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict))
		code access.Code
	}{
		{"nobody has decided", func(asked, func(*evidence.Signer, access.Person, access.Verdict)) {}, access.CodeEvidence},
		{"who approves requests approved", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			decide(a.signer, bob, access.Approve)
		}, access.CodeEvidence},
		{"the requester approved", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			decide(a.signer, person("alice", "leads"), access.Approve)
		}, access.CodeEvidence},
		{"no server signed the approval", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			decide(newSigner(a.T), leader, access.Approve)
		}, access.CodeEvidence},
		{"it was denied", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			decide(a.signer, person("max", "leads"), access.Deny)
			decide(a.signer, leader, access.Approve)
		}, access.CodeEvidence},
		{"denied since", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			decide(a.signer, leader, access.Approve)
			a.worker.now = a.worker.now.Add(time.Second)
			decide(a.signer, person("max", "leads"), access.Deny)
		}, access.CodeEvidence},
		{"the approval was kept for later", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			decide(a.signer, leader, access.Approve)
			a.worker.now = a.worker.now.Add(access.ActWithin + time.Second)
		}, access.CodeTooLate},
		{"the approver has left", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			decide(a.signer, leader, access.Approve)
			users, _ := a.knows(map[string][]string{"alice": {"engineering"}, "lee": {"leads"}})
			a.leaves(users["lee"])
		}, access.CodeEvidence},
		{"the order is old, the approval is not", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			a.worker.now = a.worker.now.Add(access.ActWithin + time.Minute)
			decide(a.signer, leader, access.Approve)
		}, ""},
		{"OK", func(a asked, decide func(*evidence.Signer, access.Person, access.Verdict)) {
			decide(a.signer, leader, access.Approve)
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, order, decide := asking(t)
			end := a.row().ExpiresAt
			c.do(a, decide)
			err := a.extendWith(order)
			if c.code != "" {
				require.Equal(t, c.code, access.CodeOf(err), "%v", err)
				require.Equal(t, end, a.row().ExpiresAt, "the old end stands")
				return
			}
			require.NoError(t, err)
			require.Equal(t, end.Add(20*time.Minute), a.row().ExpiresAt)
			require.NoError(t, a.targets.VerifyGrant(context.Background(), a.row().Grant), "it may be open so, says what was signed")
		})
	}
}
