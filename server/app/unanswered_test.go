package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase84WhyNobodyAnswered: where a worker cannot record, people are told that, and
// not that there may be no worker.
func TestCase84WhyNobodyAnswered(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StatePending)
	f.gateway.err = access.Errorf(access.CodeUnavailable, "no worker responded in time")
	deny := DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest}
	_, err := f.Decide(t.Context(), bob, r.ID, deny)
	require.ErrorContains(t, err, "no worker responded")
	f.ledger.pingErr = access.Errorf(access.CodeUnavailable, "the ledger cannot be used at the moment")
	_, err = f.Decide(t.Context(), bob, r.ID, deny)
	require.ErrorContains(t, err, "no worker responded", "what is down for the server may not be for the worker")
	f.ledger.pingErr = access.Refuse(access.CodeUnavailable, "ledger_full", "the disk of the ledger is full")
	_, err = f.Decide(t.Context(), bob, r.ID, deny)
	require.ErrorContains(t, err, "the disk of the ledger is full")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

// TestWorkflowIsBehindTheLedger: who acts on what the ledger says is over learns the same,
// also while the workflow has its last steps to do.
func TestWorkflowIsBehindTheLedger(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StateEnded)
	f.gateway.err = access.Errorf(access.CodeConflict, "the request is ending")
	_, err := f.Decide(t.Context(), bob, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest})
	require.ErrorContains(t, err, "the request is ended")
	require.Equal(t, "wrong_state", access.IssuesOf(err)[0].Code)
}
