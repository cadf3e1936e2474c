package workflows

import (
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
)

// requestEnd takes an order to end; the first one stands.
func (r *request) requestEnd(e EndRequest) {
	if r.End == nil {
		r.End = &e
	}
}

// endByCancellation takes the cancellation of the workflow as an order to end.
func (r *request) endByCancellation() {
	r.requestEnd(EndRequest{Kind: access.EndRevoke, By: access.ActorTemporal, Reason: "the workflow was cancelled", At: workflow.Now(r.ctx)})
}

func (r *request) drainEnds() {
	ends := workflow.GetSignalChannel(r.ctx, SignalEnd)
	for e := (EndRequest{}); ends.ReceiveAsync(&e); e = (EndRequest{}) {
		r.requestEnd(e)
	}
}

// outcome returns why access ends.
func (r *request) outcome() access.Outcome {
	switch {
	case r.End != nil:
		return r.End.Kind.Outcome()
	case r.ActiveAt.IsZero():
		return access.OutcomeFailed
	}
	return access.OutcomeExpired
}

// explain has an event say who asked for the end, through what, and why.
func (e *EndRequest) explain(event *access.Event) {
	event.Actor, event.Message, event.Detail = e.By, e.Reason, e.Via.Detail(event.Detail)
}
