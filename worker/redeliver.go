package worker

import (
	"context"

	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// redeliverDecisions returns what sends a request's recorded decisions to its workflow
// again. One that the workflow has taken is the same update, to which Temporal responds by
// itself and which leaves no event. Signatures are verified as they are each time.
func redeliverDecisions(temporal client.Client, l *ledger.Ledger) func(ctx context.Context, requestID string) error {
	return func(ctx context.Context, requestID string) error {
		statements, err := l.Statements(ctx, requestID)
		if err != nil {
			return err
		}
		for _, b := range statements {
			signed, err := evidence.ReadEnvelope(b)
			if err != nil || signed.PayloadType != evidence.TypeDecision {
				continue
			}
			if err := redeliver(ctx, temporal, requestID, signed); err != nil {
				return err
			}
		}
		return nil
	}
}

func redeliver(ctx context.Context, temporal client.Client, requestID string, signed evidence.Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	h, err := temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{UpdateID: workflows.UpdateID(signed),
		WorkflowID: workflows.AccessWorkflowID(requestID), UpdateName: workflows.UpdateDecide,
		WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{workflows.SignedStatement{Envelope: signed}}})
	if err == nil {
		err = h.Get(ctx, nil)
	}
	if err = api.FromTemporal(err); access.IsRefusal(err) {
		return nil // the workflow knows better: it was decided otherwise, or is over
	}
	return err
}
