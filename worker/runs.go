package worker

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/reconcile"
	"ramp.dev/ramp/workflows"
)

// runs implements reconcile.Runs with Temporal.
type runs struct {
	temporal client.Client
	listed   *running
}

func newRuns(c client.Client) runs { return runs{c, &running{temporal: c}} }

var _ reconcile.Runs = runs{}

// askWithin bounds one call to Temporal.
const askWithin = 10 * time.Second

// ListRunning implements reconcile.Runs by visibility, which is eventually
// consistent. It lists the requests of all targets, which share what is listed.
func (r runs) ListRunning(ctx context.Context, _ string) (map[string]bool, error) {
	return r.listed.list(ctx)
}

// Describe implements reconcile.Runs. A workflow of another type that has the
// request's id counts as closed: it is not the request's.
func (r runs) Describe(ctx context.Context, requestID string) (reconcile.RunStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	res, err := r.temporal.DescribeWorkflowExecution(ctx, workflows.AccessWorkflowID(requestID), "")
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return reconcile.RunMissing, nil
	}
	if err != nil {
		return reconcile.RunUnknown, api.FromTemporal(err)
	}
	info := res.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING && info.GetType().GetName() == workflows.AccessRequestType {
		return reconcile.RunRunning, nil
	}
	return reconcile.RunClosed, nil
}

// RequestEnd implements reconcile.Runs.
func (r runs) RequestEnd(ctx context.Context, requestID, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return api.FromTemporal(workflows.End(ctx, r.temporal, requestID,
		workflows.EndRequest{Kind: access.EndRevoke, By: access.ActorReconciler, Reason: reason, At: time.Now().UTC()}))
}
