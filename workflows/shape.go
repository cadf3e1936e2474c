package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/activities/api"
)

// A request's shape says which commands its workflow gives Temporal, and in which
// order: its history can only be continued in the shape in which it began. The server
// writes it into the input, so that it costs no event and a replay reads it again.
const (
	// FirstShape is that of requests whose input does not say. It is below, whole: what
	// is only there for it. It goes when the last of them is over.
	FirstShape = 0
	// LeanShape verifies decisions in a local activity, leaves no timer behind, and does
	// not show what lasts for a moment only.
	LeanShape = 2
	// NamingShape names the plan and the decisions where the others carry them, says in
	// few words why access is closed, and writes nothing into Temporal's list for an
	// ending that the list shows by itself.
	NamingShape = 3
	// orderedShape opens several grants one after the other, and closes them in reverse,
	// where the others opened and closed them all at once. With one grant it gives the
	// commands of the shape before.
	orderedShape = 4
	currentShape = orderedShape
)

// first reports whether a request began in the first shape.
func (r *request) first() bool { return r.input.Shape == FirstShape }

// carries reports whether a request began in a shape that carries its signed plan.
func (r *request) carries() bool { return r.input.Shape < NamingShape }

// inOrder reports whether a request opens its grants one after the other.
func (r *request) inOrder() bool { return r.input.Shape >= orderedShape && !r.hasOneGrant() }

// verifyByActivity is verify in the first shape.
func (r *request) verifyByActivity(ctx workflow.Context, in api.VerifyDecisionsInput) (res api.VerifyDecisionsResult, err error) {
	err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              ControlQueue,
		StartToCloseTimeout:    5 * time.Second,
		ScheduleToCloseTimeout: time.Minute,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, MaximumInterval: 5 * time.Second},
		Summary:                "verify decisions",
	}), api.VerifyDecisions, in).Get(ctx, &res)
	return res, err
}

// awaitAndLeaveTimer is awaitFor in the first shape: the SDK leaves the timer running
// when the condition comes first.
func (r *request) awaitAndLeaveTimer(d time.Duration, summary string, condition func() bool) bool {
	ok, _ := workflow.AwaitWithOptions(r.ctx, workflow.AwaitOptions{Timeout: d, TimerOptions: workflow.TimerOptions{Summary: summary}}, condition)
	return ok
}

// closedSoonByTimer is closedSoon in the first shape.
func (c *closing) closedSoonByTimer() bool {
	return c.awaitFor(min(showEndingAfter, c.EndingBound), "recorded as ending if not closed by then", c.interrupted)
}

// listenApart is the first half of listen in the first shape, which has a coroutine for
// each kind of message.
func (r *request) listenApart() {
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			_ = workflow.Await(ctx, func() bool { return len(r.Unrecorded) > 0 })
			r.recordNext(ctx)
		}
	})
	workflow.Go(r.rootCtx, func(rootCtx workflow.Context) {
		rootCtx.Done().Receive(rootCtx, nil)
		r.endByCancellation()
	})
}

// receiveApart is its second half.
func (r *request) receiveApart() {
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			awaitSignal(ctx, SignalEnd)
			r.drainEnds()
		}
	})
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			_ = workflow.Await(ctx, r.decisionWaits)
			r.verifyingSignal = true
			r.takeDecision(ctx)
			r.verifyingSignal = false
		}
	})
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			awaitSignal(ctx, SignalRecount)
			r.takeRecounts(ctx)
		}
	})
}

// awaitSignal waits until a signal of a name is there, and leaves it there.
// Receive would take it at once, before this coroutine runs, and a run that ends
// in that moment would lose it.
func awaitSignal(ctx workflow.Context, name string) {
	_ = workflow.Await(ctx, func() bool { return workflow.GetSignalChannel(ctx, name).Len() > 0 })
}
