package workflows

import (
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// recorder writes to the ledger in order, beside the story: a ledger that is
// down must never keep access from ending on time.
type recorder struct {
	queue   []access.Transition
	current access.Transition
	working bool
}

func (q *recorder) start(ctx workflow.Context) {
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			workflow.Await(ctx, func() bool { return len(q.queue) > 0 })
			next := q.queue[0]
			q.queue, q.current, q.working = q.queue[1:], next, true
			err := workflow.ExecuteActivity(recordOptions(ctx, next), api.RecordTransition, next).Get(ctx, nil)
			if err != nil {
				// Only a request that the ledger does not know ends here: one that
				// was never submitted, or a lost database. The reconciler reports it.
				workflow.GetLogger(ctx).Error("not recorded", "to", string(next.To), "error", err)
			}
			q.working = false
		}
	})
}

func (q *recorder) idle() bool { return len(q.queue) == 0 && !q.working }

// record queues one step and its event.
func (r *request) record(in access.Transition, e access.Event) {
	r.records.queue = append(r.records.queue, r.step(in, e))
}

// step is one step and its event, as they are now.
func (r *request) step(in access.Transition, e access.Event) access.Transition {
	now := workflow.Now(r.ctx).UTC()
	in.RequestID, in.At = r.plan.RequestID, now
	e.RequestID, e.At = r.plan.RequestID, now
	if e.Actor == "" {
		e.Actor = access.ActorRamp
	}
	in.Events = []access.Event{e}
	// What a pointer points at may change before the activity is scheduled.
	in.ActiveAt, in.ExpiresAt, in.Problem = copied(in.ActiveAt), copied(in.ExpiresAt), copied(in.Problem)
	return in
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
