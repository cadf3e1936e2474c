package opponents

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/workflows"
)

// Administrator has every right on Temporal's namespace.
type Administrator struct {
	Temporal  client.Client
	Namespace string
}

// Run has a worker of Ramp's run an activity with any input, once, and reads its
// result into out unless that is nil.
func (a Administrator) Run(ctx context.Context, queue, activity string, in, out any) error {
	h, err := a.Temporal.ExecuteActivity(ctx, client.StartActivityOptions{
		ID: "opponent-" + access.NewRequestID(), TaskQueue: queue,
		ScheduleToStartTimeout: 20 * time.Second, StartToCloseTimeout: time.Minute,
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	}, activity, in)
	if err != nil {
		return err
	}
	return h.Get(ctx, out)
}

// RunOnTarget is Run on the queue of the workers that hold a target's credentials.
func (a Administrator) RunOnTarget(ctx context.Context, target, activity string, in, out any) error {
	return a.Run(ctx, workflows.TargetQueue(target), activity, in, out)
}

// Terminate ends a workflow without letting it clean up.
func (a Administrator) Terminate(ctx context.Context, id string) error {
	return a.Temporal.TerminateWorkflow(ctx, id, "", "opponent")
}

// Start starts a workflow of one of Ramp's types under any id, on any queue, with
// any input; one that has that id is terminated first.
func (a Administrator) Start(ctx context.Context, id, queue, workflowType string, in any) error {
	_, err := a.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
	}, workflowType, in)
	return err
}

// Resume starts a request's workflow again in a state of the opponent's own making,
// as if an earlier run had continued as new. state is workflows.RequestState, as
// JSON has it.
func (a Administrator) Resume(ctx context.Context, s Statements, state any) error {
	signed, err := s.Plan()
	if err != nil {
		return err
	}
	in, err := workflows.NewAccessRequestInput(signed)
	if err != nil {
		return err
	}
	return a.Start(ctx, in.Plan.RequestID, workflows.ControlQueue, workflows.AccessRequestType,
		map[string]any{"plan": in.Plan, "shape": in.Shape, "state": state})
}

// Rewind resets a workflow to its first task, and leaves out every message that
// came since.
func (a Administrator) Rewind(ctx context.Context, id string) error {
	d, err := a.Temporal.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return err
	}
	for events := a.Temporal.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		e, err := events.Next()
		if err != nil {
			return err
		}
		if e.EventType != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		_, err = a.Temporal.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: a.Namespace, WorkflowExecution: d.WorkflowExecutionInfo.Execution, Reason: "opponent",
			RequestId: access.NewRequestID(), WorkflowTaskFinishEventId: e.EventId,
			ResetReapplyExcludeTypes: []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE}})
		return err
	}
	return fmt.Errorf("workflow %s has no completed task", id)
}

// Send sends a statement to a request's workflow, past the server. How it was
// taken is the error, and its result is dropped.
func (a Administrator) Send(ctx context.Context, id, update string, s workflows.SignedStatement) error {
	h, err := a.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: id, UpdateName: update, Args: []any{s},
		WaitForStage: client.WorkflowUpdateStageCompleted})
	if err != nil {
		return err
	}
	return h.Get(ctx, nil)
}

// Stop has a standing job work on a queue that nobody serves, from now on.
func (a Administrator) Stop(ctx context.Context, job string) error {
	return a.Start(ctx, job, workflows.ControlQueue, workflows.StandingJobType, workflows.StandingJobInput{
		Activity: "ReconcileTarget", Queue: "nobody-serves-this", Summary: "an opponent's", Heartbeat: time.Hour, Duration: 24 * time.Hour})
}
