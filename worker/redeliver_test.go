package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

// TestLostDecision: a decision was recorded, and Temporal and the worker died before
// the workflow had it. Nobody has to decide again.
func TestLostDecision(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.config.Reconcile.Every = access.Duration(time.Second)
	two := func(p *access.Plan) {
		p.Rule = access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "lead", From: []string{"leads"}, Approvals: 2}}}
	}
	approved, denied := s.asks(time.Hour, two), s.asks(time.Hour, two)
	control := activities.Control{Ledger: s.ledger, Keyring: evidence.NewKeyring(s.signer.Public())}
	record := func(a asked, before []evidence.Envelope, d evidence.Envelope) {
		t.Helper()
		_, err := control.VerifyDecisions(t.Context(), api.VerifyDecisionsInput{Plan: a.envelope(), Decisions: before, New: &d})
		require.NoError(t, err)
	}
	first := approved.decision(s.signer, "bob", access.Approve)
	record(approved, nil, first)
	record(approved, []evidence.Envelope{first}, approved.decision(s.signer, "ben", access.Approve))
	record(denied, nil, denied.decision(s.signer, "bob", access.Deny))

	s.start()
	approved.awaits(access.StateActive)
	denied.awaits(access.StateDenied)

	t.Run("a decision that the workflow has is not told it again", func(t *testing.T) {
		waiting := s.asks(time.Hour, two)
		d := waiting.decision(s.signer, "bob", access.Approve)
		h, err := s.temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{UpdateID: workflows.UpdateID(d), WorkflowID: waiting.id(),
			UpdateName: workflows.UpdateDecide, WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{workflows.SignedStatement{Envelope: d}}})
		require.NoError(t, err)
		require.NoError(t, h.Get(t.Context(), nil))
		length := s.runOf(waiting.id()).WorkflowExecutionInfo.HistoryLength
		require.NoError(t, redeliverDecisions(s.temporal, s.ledger)(t.Context(), waiting.id()))
		require.Equal(t, length, s.runOf(waiting.id()).WorkflowExecutionInfo.HistoryLength)
	})
}
