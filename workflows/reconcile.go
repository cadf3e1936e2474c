package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/activities/api"
)

// Reconcile is one look of the third line at one target, or at the requests. It
// is short: a schedule starts it again and again, and what it could not put
// right is found again by the next. Each target has its own, so that one that
// is slow or down holds up no other.
func Reconcile(ctx workflow.Context, in api.ReconcileInput) (api.ReconcileResult, error) {
	name, queue, args := api.ReconcileTarget, TargetQueue(in.Target), []any{in}
	if in.Target == "" {
		name, queue, args = api.ReconcileRequests, ControlQueue, nil
	}
	var res api.ReconcileResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		ScheduleToStartTimeout: 20 * time.Second, // then no worker serves it, which is worth a failed workflow
		StartToCloseTimeout:    5 * time.Minute,
		HeartbeatTimeout:       10 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                clip("reconcile " + in.Target),
	}), name, args...).Get(ctx, &res)
	if err != nil {
		return res, err
	}
	workflow.SetCurrentDetails(ctx, reconciled(res))
	return res, nil
}

func reconciled(res api.ReconcileResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d found wrong, %d of them not put right; %d open in the ledger, %d on the target", res.Total, res.Unresolved, res.Grants, res.Found)
	for _, f := range res.Findings {
		b.WriteString("\n- " + f)
	}
	return b.String()
}
