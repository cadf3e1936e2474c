package workflows

import (
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// recordNext writes the transition that has waited longest to the ledger.
func (r *request) recordNext(ctx workflow.Context) {
	next := r.Unrecorded[0]
	if err := workflow.ExecuteActivity(recordOptions(ctx, next), api.RecordTransition, next).Get(ctx, nil); err != nil {
		// Only a request that is not in the ledger comes here: one that was
		// never submitted, or a lost database. The reconciler reports it.
		workflow.GetLogger(ctx).Error("not recorded", "to", string(next.To), "error", err)
	}
	r.Unrecorded = r.Unrecorded[1:] // until now: the ledger knows a transition that it is sent twice
}

// queue records a transition after all that are queued already.
func (r *request) queue(t access.Transition) { r.Unrecorded = append(r.Unrecorded, t) }

// record queues a transition with its event.
func (r *request) record(t access.Transition, e access.Event) { r.queue(r.transition(t, e)) }

// transition completes a transition and its event with the request and the time.
func (r *request) transition(t access.Transition, e access.Event) access.Transition {
	now := workflow.Now(r.ctx).UTC()
	t.RequestID, t.At = r.plan.RequestID, now
	e.RequestID, e.At = r.plan.RequestID, now
	if e.Actor == "" {
		e.Actor = access.ActorRamp
	}
	t.Events = []access.Event{e}
	// What a pointer points at may change before the activity is scheduled.
	t.ActiveAt, t.ExpiresAt, t.Problem = copied(t.ActiveAt), copied(t.ExpiresAt), copied(t.Problem)
	return t
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
