package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// close ends access. It returns ended only when every target has shown that it is
// gone, and ending when this run gives way to the next. Nothing bounds it: a grant
// that cannot be closed keeps the request ending, overdue and visible, never ended.
func (r *request) close() access.State {
	r.beginEnding()
	c := r.closeGrants()
	soon := c.closedSoon()
	if !soon && !c.finished() {
		c.closedLate()
	}
	if !c.finished() {
		return access.StateEnding
	}
	r.Overdue = false
	r.setState(access.StateEnded)
	// An only grant that was closed soon has recorded this with its closing.
	if !soon || !r.hasOneGrant() {
		r.record(access.Transition{To: access.StateEnded, Outcome: r.Outcome, Overdue: new(false)}, c.ended.Events[0])
	}
	return access.StateEnded
}

// beginEnding decides why access ends, and cancels what still opens or extends it.
func (r *request) beginEnding() {
	if r.State != access.StateEnding {
		r.EndingAt, r.Outcome = workflow.Now(r.ctx), r.outcome()
	}
	r.setState(access.StateEnding)
	r.stopOpening()
}

// closing is the closing of a request's grants within one run.
type closing struct {
	*request
	open   int  // grants that are not read back as gone
	late   bool // one of them was not closed at the first try
	ending access.Transition
	ended  access.Transition
}

// closeGrants starts to close every grant. The activities record that the request
// is ending, and that an only grant's closing has ended it.
func (r *request) closeGrants() *closing {
	c := &closing{request: r, open: len(r.plan.Grants), ending: r.endingTransition(), ended: r.endedTransition()}
	due := workflow.Now(r.ctx).UTC()
	if r.ExpiresAt.Before(due) {
		due = r.ExpiresAt
	}
	if r.inOrder() {
		c.closeInReverse(due)
		return c
	}
	for _, g := range r.plan.Grants {
		c.closeGrant(g, c.closeInput(g, due))
	}
	return c
}

// keepsOrder is for how long an ending keeps the order of grants. The end comes before the
// order: a target that does not close its grant holds up no other for longer.
const keepsOrder = showEndingAfter

// closeInReverse starts to close each grant when those that were opened after it are gone.
// Where one cannot be closed at the first try, or the order has been kept for long enough,
// it starts with all that are left.
func (c *closing) closeInReverse(due time.Time) {
	workflow.Go(c.ctx, func(ctx workflow.Context) {
		waiting, stop := workflow.WithCancel(ctx)
		defer stop()
		enough := workflow.NewTimerWithOptions(waiting, keepsOrder, workflow.TimerOptions{Summary: "the grants that are left are closed without an order"})
		for i, g := range slices.Backward(c.plan.Grants) {
			c.closeGrant(g, c.closeInput(g, due))
			_ = workflow.Await(ctx, func() bool { return c.open <= i || c.late || enough.IsReady() })
		}
	})
}

// closeInput is what closes one grant.
func (c *closing) closeInput(g access.PlannedGrant, due time.Time) api.CloseGrantInput {
	in := api.CloseGrantInput{RequestID: c.plan.RequestID, Target: g.Target, Grant: g.Name, Principal: c.plan.Principal, Due: due}
	switch {
	case !c.carries():
		in.End, in.OnlyGrant = c.end(), c.hasOneGrant()
	case c.hasOneGrant():
		in.Ending, in.Ended = &c.ending, &c.ended
	default:
		in.Ending = &c.ending
	}
	return in
}

// closeGrant starts to close one grant. What cannot be closed at the first try is
// tried for ever.
func (c *closing) closeGrant(g access.PlannedGrant, in api.CloseGrantInput) {
	always := closeOptions(c.ctx, g.Target, "close "+g.Scope.Summary)
	try := always
	if !c.first() {
		left := c.EndingBound - workflow.Now(c.ctx).Sub(c.EndingAt)
		try = atFirst(always, min(showEndingAfter, c.EndingBound), max(left, time.Second))
	}
	f := workflow.ExecuteActivity(try, api.CloseGrant, in)
	workflow.Go(c.ctx, func(ctx workflow.Context) {
		err := f.Get(ctx, nil)
		if err != nil && !c.first() {
			c.late = true
			err = workflow.ExecuteActivity(always, api.CloseGrant, in).Get(ctx, nil)
		}
		if err != nil {
			// Unreachable while closing has no permanent error. If it happened,
			// the request would stay ending, which is the truth.
			workflow.GetLogger(ctx).Error("closing stopped", "grant", g.Name, "error", err)
			return
		}
		c.open--
	})
}

// end says in few words what endingTransition says.
func (r *request) end() *api.End {
	e := &api.End{Outcome: r.Outcome, At: workflow.Now(r.ctx).UTC(), Problem: r.Problem}
	if r.End != nil {
		e.By, e.Via, e.Reason = r.End.By, r.End.Via, r.End.Reason
	}
	return e
}

func (r *request) endingTransition() access.Transition {
	e := access.Event{Kind: access.EventAccessEnding, Key: access.KeyEnding, Message: r.Problem,
		Detail: map[string]string{"outcome": string(r.Outcome)}}
	if r.End != nil {
		r.End.explain(&e)
	}
	return r.transition(access.Transition{To: access.StateEnding, Outcome: r.Outcome, Problem: &r.Problem}, e)
}

func (r *request) endedTransition() access.Transition {
	return r.transition(access.Transition{To: access.StateEnded, Outcome: r.Outcome, Overdue: new(false)}, access.Event{
		Kind: access.EventAccessEnded, Key: access.KeyEnded, Message: "Read back as gone.",
		Detail: map[string]string{"outcome": string(r.Outcome)}})
}

// finished reports whether every grant is gone.
func (c *closing) finished() bool { return c.open == 0 }

// interrupted reports whether there is nothing more for this run to wait for.
func (c *closing) interrupted() bool { return c.finished() || c.shouldContinueAsNew() }

// showEndingAfter is how long a closing may wait for a worker before the request is
// published and recorded as ending. Most are closed much sooner; a flood of endings should not be
// made a larger flood.
const showEndingAfter = 5 * time.Second

// closedSoon waits for the closing, for as long as it is at its first try.
func (c *closing) closedSoon() bool {
	if c.first() {
		return c.closedSoonByTimer()
	}
	_ = workflow.Await(c.ctx, func() bool { return c.late || c.interrupted() })
	return !c.late
}

// closedLate waits for a closing that takes longer, and makes it visible: as
// ending at once, since the worker that would record it may be down, and as
// overdue when it is past its bound.
func (c *closing) closedLate() {
	c.publish()
	c.queue(c.ending)
	left := c.EndingBound - workflow.Now(c.ctx).Sub(c.EndingAt)
	if !c.awaitFor(max(left, 0), "overdue if not closed by then", c.interrupted) && !c.Overdue {
		c.markOverdue()
	}
	_ = workflow.Await(c.ctx, c.interrupted)
}

// markOverdue makes an overdue ending visible everywhere.
func (c *closing) markOverdue() {
	c.Overdue = true
	c.Problem = fmt.Sprintf("%d of %d grants are not proven closed after %s; Ramp keeps trying", c.open, len(c.plan.Grants), c.EndingBound)
	c.publish()
	c.record(access.Transition{Overdue: new(true), Problem: &c.Problem}, access.Event{
		Kind: access.EventAccessOverdue, Key: access.KeyOverdue, Message: c.Problem})
}
