package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

// open opens every grant of the plan. It returns active, or ending when not all
// of them could be opened. The time of access starts before the first target is
// touched, so that a slow target shortens access rather than lengthening it: with one
// grant when its worker begins to open it, with several now, since all have one end.
func (r *request) open() access.State {
	if r.first() {
		r.setState(access.StateGranting)
	}
	r.ExpiresAt = workflow.Now(r.ctx).UTC().Truncate(time.Second).Add(r.plan.Duration.Std())
	if latest := r.plan.NotAfter; latest != nil && latest.Before(r.ExpiresAt) {
		r.ExpiresAt = latest.UTC()
	}
	if !r.first() {
		r.setState(access.StateGranting)
	}
	asked := r.ExpiresAt
	err := r.openGrants()
	if r.End != nil {
		return access.StateEnding
	}
	if err != nil {
		r.Problem = "opening failed: " + api.FromTemporal(err).Error()
		return access.StateEnding
	}
	r.ActiveAt = workflow.Now(r.ctx).UTC()
	r.setState(access.StateActive)
	if moved := r.ExpiresAt.Sub(asked); !r.first() && moved >= showEndAfter {
		r.publish()
	}
	if !r.hasOneGrant() {
		r.queue(access.Activation(r.plan.RequestID, r.ActiveAt, r.ExpiresAt))
	}
	return access.StateActive
}

// showEndAfter is how far the end of access must have moved while it was being opened for
// Temporal's list to be written again, which is an event of the history. The current
// details always have the end.
const showEndAfter = time.Minute

// openGrants opens all grants, each when the one before it in the contract is open: the
// way to a host comes before the login on it. When one fails, or somebody ends the
// request, it asks for no other, cancels what is under way and waits for it: closing a
// grant that is still being opened could leave it open.
func (r *request) openGrants() (failed error) {
	pending := 0
	for _, g := range r.plan.Grants {
		pending++
		in := api.OpenGrantInput{Plan: r.input.SignedPlan, Of: r.planRef(), Grant: g.Name, ExpiresAt: r.ExpiresAt, OnlyGrant: r.hasOneGrant(),
			FromOpening: r.hasOneGrant(),
		}
		if in.Decisions = r.Decisions; !r.carries() {
			in.Decisions, in.Decided = nil, r.decided()
		}
		f := workflow.ExecuteActivity(openOptions(r.openCtx, g.Target, "open "+g.Scope.Summary), api.OpenGrant, in)
		workflow.Go(r.ctx, func(ctx workflow.Context) {
			var res api.OpenGrantResult
			if err := f.Get(ctx, &res); err != nil {
				failed = err
			}
			r.EndingBound = max(r.EndingBound, res.EndingBound)
			if end := res.ExpiresAt; !end.IsZero() && (r.hasOneGrant() || end.Before(r.ExpiresAt)) {
				r.ExpiresAt = end.UTC()
			}
			pending--
		})
		if !r.inOrder() {
			continue
		}
		if _ = workflow.Await(r.ctx, func() bool { return pending == 0 || r.End != nil }); failed != nil || r.End != nil {
			break
		}
	}
	_ = workflow.Await(r.ctx, func() bool { return pending == 0 || failed != nil || r.End != nil })
	if failed != nil || r.End != nil {
		r.stopOpening()
		_ = workflow.Await(r.ctx, func() bool { return pending == 0 })
	}
	return failed
}

// decided returns the digests of the decisions that were accepted.
func (r *request) decided() (digests []string) {
	for _, e := range r.Decisions {
		if digest, err := evidence.PayloadDigest(e); err == nil { // a worker has verified it
			digests = append(digests, digest)
		}
	}
	return digests
}

// hasOneGrant reports whether the plan has one grant. Then the activities that
// open and close it record what that means for the request, which saves two more.
func (r *request) hasOneGrant() bool { return len(r.plan.Grants) == 1 }

// stayOpen sleeps until access expires or somebody ends it. The expiry may move
// meanwhile.
func (r *request) stayOpen() access.State {
	for r.End == nil {
		until := r.ExpiresAt
		left := until.Sub(workflow.Now(r.ctx))
		if left <= 0 {
			return access.StateEnding
		}
		if r.shouldContinueAsNew() {
			return access.StateActive
		}
		r.awaitFor(left, "access ends at "+formatTime(until), func() bool {
			return r.End != nil || !r.ExpiresAt.Equal(until) || r.shouldContinueAsNew()
		})
	}
	return access.StateEnding
}

// awaitFor waits for a condition, at most for a time, and reports whether it holds.
// summary names the timer in the Temporal UI. Where the condition comes first, the
// timer is cancelled: left running, it would wake the workflow for nothing. One that
// is made and cancelled within a task leaves no event.
func (r *request) awaitFor(d time.Duration, summary string, condition func() bool) bool {
	if r.first() {
		return r.awaitAndLeaveTimer(d, summary, condition)
	}
	if condition() || d <= 0 {
		return condition()
	}
	ctx, cancel := workflow.WithCancel(r.ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: summary})
	_ = workflow.Await(r.ctx, func() bool { return condition() || timer.IsReady() })
	return condition()
}
