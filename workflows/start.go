package workflows

import (
	"context"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/failpoint"
)

// Start starts a request's workflow at Temporal, and End asks it to end. Both are for
// servers and workers, not for workflows.
//
// A request that nobody has decided has no task yet, and no worker remembers it: its
// first task comes with its first decision, which is an update, or when the time for
// deciding is over. Errors are Temporal's; starting a workflow that exists is
// serviceerror.WorkflowExecutionAlreadyStarted.
func Start(ctx context.Context, c client.Client, signed evidence.Envelope) error {
	in, err := NewAccessRequestInput(signed)
	if shape := failpoint.Shape(currentShape); shape != currentShape {
		in, err = EarlierAccessRequestInput(signed, shape)
	}
	if err != nil {
		return err
	}
	plan := in.Plan
	_, err = c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                    AccessWorkflowID(plan.RequestID),
		TaskQueue:             ControlQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		// Otherwise a second start would silently return the first run.
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    InitialSearchAttributes(plan),
		// Histories are short, so a task that takes longer is a worker that died.
		WorkflowTaskTimeout: 5 * time.Second,
		StartDelay:          startDelay(plan, time.Now()),
		StaticSummary:       Summary(plan),
		StaticDetails:       Details(plan),
	}, AccessRequestType, in)
	return err
}

// startDelay is how long a request's first task may wait: until the time for deciding
// is over, and not at all where nobody has to decide.
func startDelay(plan access.Plan, now time.Time) time.Duration {
	if plan.Rule.Auto {
		return 0
	}
	return max(0, plan.PendingUntil.Sub(now))
}

// End asks a request's workflow to end. Temporal takes it even while no worker runs.
// It is a signal, and for a request that waits for its first task a cancellation, too:
// a signal would wait with it, and a cancellation makes the task at once. The workflow
// looks at the signal first, which says who it was and why.
func End(ctx context.Context, c client.Client, requestID string, e EndRequest) error {
	id := AccessWorkflowID(requestID)
	if err := c.SignalWorkflow(ctx, id, "", SignalEnd, e); err != nil {
		return err
	}
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return err
	}
	info := d.GetWorkflowExecutionInfo()
	var state string
	if p := info.GetSearchAttributes().GetIndexedFields()[AttrState.GetName()]; p != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(p, &state) // what cannot be read is no state
	}
	if state != string(access.StatePending) || !info.GetExecutionTime().AsTime().After(time.Now()) {
		return nil
	}
	return c.CancelWorkflow(ctx, id, "")
}
