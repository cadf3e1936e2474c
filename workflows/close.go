package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// defaultEndingBound is how long ending may take when no target said more.
const defaultEndingBound = time.Minute

// close ends access and answers ended only when every target has proven it
// gone; ending means that this run's history is full.
// Nothing bounds it: a grant that cannot be closed keeps the request ending,
// overdue and visible, never ended.
func (r *request) close() access.State {
	if r.state != access.StateEnding {
		r.endingAt, r.outcome = workflow.Now(r.ctx), r.why()
	}
	r.enter(access.StateEnding)
	r.endLive()
	e := access.Event{Kind: access.EventAccessEnding, Key: access.KeyEnding, Message: r.problem,
		Detail: map[string]string{"outcome": string(r.outcome)}}
	if r.stop != nil {
		e.Actor, e.Message = r.stop.By, r.stop.Reason
	}
	ending := r.step(access.Transition{To: access.StateEnding, Outcome: r.outcome, Problem: &r.problem}, e)
	no := false
	ended := r.step(access.Transition{To: access.StateEnded, Outcome: r.outcome, Overdue: &no}, access.Event{
		Kind: access.EventAccessEnded, Key: access.KeyEnded, Message: "Read back as gone.",
		Detail: map[string]string{"outcome": string(r.outcome)}})

	due := workflow.Now(r.ctx).UTC()
	if r.expiresAt.Before(due) {
		due = r.expiresAt
	}
	open := len(r.plan.Grants)
	for _, g := range r.plan.Grants {
		in := api.CloseGrantInput{RequestID: r.plan.RequestID, Target: g.Target, Grant: g.Name, Principal: r.plan.Principal, Due: due, Ending: &ending}
		if r.single() {
			in.Ended = &ended
		}
		f := workflow.ExecuteActivity(closeOptions(r.ctx, g.Target, "close "+g.Scope.Summary), api.CloseGrant, in)
		workflow.Go(r.ctx, func(ctx workflow.Context) {
			if err := f.Get(ctx, nil); err != nil {
				// Unreachable while closing has no permanent error. Were it to
				// happen, waiting for ever is the honest state.
				workflow.GetLogger(ctx).Error("closing stopped", "grant", g.Name, "error", err)
				return
			}
			open--
		})
	}
	gone := func() bool { return open == 0 || r.full() }
	early := min(showEndingAfter, r.bound)
	soon, _ := r.within(early, "recorded as ending if not closed by then", gone)
	if open > 0 && r.full() {
		return access.StateEnding
	}
	if !soon {
		r.show()
		// Whoever serves the target may be down: then only this tells.
		r.records.queue = append(r.records.queue, ending)
		left := r.bound - workflow.Now(r.ctx).Sub(r.endingAt)
		if ok, _ := r.within(max(left, 0), "overdue if not closed by then", gone); !ok && !r.overdue {
			r.alarm(open)
		}
		workflow.Await(r.ctx, gone)
		if open > 0 {
			return access.StateEnding
		}
	}
	r.overdue = false
	r.enter(access.StateEnded)
	if !soon || !r.single() {
		r.record(access.Transition{To: access.StateEnded, Outcome: r.outcome, Overdue: &no}, ended.Events[0])
	}
	return access.StateEnded
}

// showEndingAfter is how long closing may take before the request is recorded as
// ending apart from it. Most are closed much sooner; a flood of endings should
// not be made a larger flood.
const showEndingAfter = 5 * time.Second

// within waits for a condition, for so long.
func (r *request) within(d time.Duration, summary string, so func() bool) (bool, error) {
	return workflow.AwaitWithOptions(r.ctx, workflow.AwaitOptions{Timeout: d, TimerOptions: workflow.TimerOptions{Summary: summary}}, so)
}

func (r *request) why() access.Outcome {
	switch {
	case r.stop != nil && r.stop.Kind == EndOffboard:
		return access.OutcomeOffboarded
	case r.stop != nil && r.stop.Kind != EndRevoke:
		return access.OutcomeReleased
	case r.stop != nil:
		return access.OutcomeRevoked
	case r.activeAt.IsZero():
		return access.OutcomeFailed
	}
	return access.OutcomeExpired
}

// alarm makes an overdue ending visible everywhere.
func (r *request) alarm(open int) {
	r.overdue = true
	r.problem = fmt.Sprintf("%d of %d grants are not proven closed after %s; Ramp keeps trying", open, len(r.plan.Grants), r.bound)
	r.show()
	yes := true
	r.record(access.Transition{Overdue: &yes, Problem: &r.problem}, access.Event{
		Kind: access.EventAccessOverdue, Key: access.KeyOverdue, Message: r.problem})
}

// enter moves to a state and shows it. A move that the state table does not
// know is a defect; it is logged, and ending goes on.
func (r *request) enter(s access.State) {
	if r.state != s && !r.state.CanBecome(s) {
		workflow.GetLogger(r.ctx).Error("unexpected transition", "from", string(r.state), "to", string(s))
	}
	r.state = s
	// approved is passed through at once, and ending mostly is; an event for them
	// would tell nobody anything. An ending that lasts is shown in close.
	if s == access.StateApproved || s == access.StateEnding {
		workflow.SetCurrentDetails(r.ctx, r.details()) // leaves no event
		return
	}
	r.show()
}
