package workflows

import (
	"math"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
)

// forever is said with a number, since Temporal's test environment takes "no
// limit" for ten. At the longest interval it lasts two thousand years.
const forever = math.MaxInt32

// judgeOptions: the approver waits for the answer, so it comes soon or fails.
func judgeOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              ControlQueue,
		StartToCloseTimeout:    5 * time.Second,
		ScheduleToCloseTimeout: time.Minute,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, MaximumInterval: 5 * time.Second},
		Summary:                "judge decisions",
	})
}

// recordOptions: retried for ever, since what happened must be written down.
func recordOptions(ctx workflow.Context, in access.Transition) workflow.Context {
	summary := "record"
	if len(in.Events) > 0 {
		summary += " " + string(in.Events[0].Kind)
	}
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           ControlQueue,
		StartToCloseTimeout: 5 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 30 * time.Second, MaximumAttempts: forever},
		Summary:             summary,
	})
}

// openOptions: bounded, and a cancelled attempt is waited for, so that closing
// never races an effect that is still on its way.
func openOptions(ctx workflow.Context, target, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              TargetQueue(target),
		StartToCloseTimeout:    2 * time.Minute, // most of it may be waiting for a turn on the target
		ScheduleToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:       5 * time.Second,
		WaitForCancellation:    true,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 10 * time.Second},
		Summary:                clip(summary),
	})
}

// changeOptions: a person waits; when ending begins it is given up at once.
func changeOptions(ctx workflow.Context, target, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              TargetQueue(target),
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: 30 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 5 * time.Second},
		Summary:                clip(summary),
	})
}

// closeOptions: no end but success. The interval is bounded so that a target
// that comes back is noticed within half a minute; a lost worker, within the
// heartbeat. One attempt may wait long for its turn on a busy target; the worker
// runs few attempts at once, and the rest wait here, in the order of their ends.
func closeOptions(ctx workflow.Context, target, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           CloseQueue(target),
		StartToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:    5 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 30 * time.Second, MaximumAttempts: forever},
		Summary:             clip(summary),
	})
}

// clip keeps a summary within what Temporal takes (400 bytes).
func clip(s string) string {
	if len(s) > 200 {
		return s[:197] + "..."
	}
	return s
}
