package workflows

import (
	"math"
	"time"
	"unicode/utf8"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// forever is the number of attempts of what is retried without limit. It is not 0,
// which Temporal's test environment takes for 10. At the longest interval these
// attempts last two thousand years.
const forever = math.MaxInt32

// verifyOptions are for verifying decisions: short, since the approver waits.
func verifyOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    5 * time.Second,
		ScheduleToCloseTimeout: time.Minute,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, MaximumInterval: 5 * time.Second},
	})
}

// recordOptions are for recording: retried without limit, since what happened must
// be in the ledger.
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

// openOptions are for opening: bounded, and a cancelled attempt is waited for, so
// that closing never races an effect that is still on its way.
func openOptions(ctx workflow.Context, target, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              TargetQueue(target),
		StartToCloseTimeout:    2 * time.Minute, // most of it may be waiting for a turn on the target
		ScheduleToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:       5 * time.Second,
		WaitForCancellation:    true,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: api.OpenAgainFirst, MaximumInterval: api.OpenAgainMost},
		Summary:                clip(summary),
	})
}

// changeOptions are for extending and minting: short, since a person waits, and
// cancelled when ending begins.
func changeOptions(ctx workflow.Context, target, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              TargetQueue(target),
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: 30 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 5 * time.Second},
		Summary:                clip(summary),
	})
}

// closeOptions are for closing: retried without limit. The interval is bounded, so
// that a target that works again is tried within half a minute, and a worker that
// died is replaced within the heartbeat timeout. One attempt may wait long for its
// turn on a busy target; the worker runs few attempts at once, and the others wait
// in the queue, in the order of their ends.
func closeOptions(ctx workflow.Context, target, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           CloseQueue(target),
		StartToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:    5 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 30 * time.Second, MaximumAttempts: forever},
		Summary:             clip(summary),
	})
}

// atFirst bounds the first closing of a grant: it fails if no worker takes it up within
// a time, or if the grant is not closed within another. Then the request is shown as
// it is, and closing goes on without these bounds. Temporal keeps them itself: timers
// of the workflow's would be events of every history.
func atFirst(ctx workflow.Context, taken, closed time.Duration) workflow.Context {
	return workflow.WithScheduleToStartTimeout(workflow.WithScheduleToCloseTimeout(ctx, closed), taken)
}

// clip keeps a summary within what Temporal takes: 400 bytes, encryption included.
// It cuts between characters.
func clip(s string) string {
	if len(s) <= 200 {
		return s
	}
	end := 197
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}
