package workflows

import (
	"encoding/json"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

// AccessRequest is the life of one request. It opens nothing by itself: workers
// verify the signed plan and decisions that it passes on, and refuse anything else.
func AccessRequest(ctx workflow.Context, in AccessRequestInput) (AccessRequestResult, error) {
	r, err := newRequest(ctx, in)
	if err != nil {
		return AccessRequestResult{}, err
	}
	return r.run()
}

// request is one run of an AccessRequest workflow. Message handlers change its
// RequestState; run awaits the changes.
type request struct {
	RequestState
	input AccessRequestInput
	plan  access.Plan

	// ctx is disconnected from the workflow's own context: cancelling the workflow
	// is one more way to ask for the end of the request, and must not interrupt the
	// closing of its access.
	ctx     workflow.Context
	rootCtx workflow.Context // the workflow's own, to see whether it was cancelled
	// openCtx is cancelled when ending begins, and with it everything that still
	// opens or extends access.
	openCtx     workflow.Context
	stopOpening workflow.CancelFunc

	shown string // RampState as this run has written it; "" leaves it as it was

	verifying workflow.Mutex // decisions are verified one at a time
	extending workflow.Mutex // extensions are made one at a time
	busy
}

func newRequest(rootCtx workflow.Context, in AccessRequestInput) (*request, error) {
	plan, err := readPlan(in)
	if err == nil && AccessWorkflowID(plan.RequestID) != workflow.GetInfo(rootCtx).WorkflowExecution.ID {
		err = access.Errorf(access.CodeEvidence, "the plan is for another request")
	}
	if err != nil {
		return nil, api.ToTemporal(err)
	}
	ctx, _ := workflow.NewDisconnectedContext(rootCtx)
	r := &request{
		input: in, plan: plan, ctx: ctx, rootCtx: rootCtx, RequestState: newState(plan),
		verifying: workflow.NewMutex(ctx),
		extending: workflow.NewMutex(ctx),
	}
	r.openCtx, r.stopOpening = workflow.WithCancel(ctx)
	if in.State != nil {
		r.restore(*in.State)
		r.narrow()
	}
	workflow.SetCurrentDetails(r.ctx, r.details()) // a request that waits for decisions is shown, too
	if r.first() {
		r.listenApart()
	} else {
		r.listen()
	}
	return r, r.handleMessages()
}

// planRef names the plan to activities. In earlier shapes they are given it signed.
func (r *request) planRef() *api.PlanRef {
	if r.carries() {
		return nil
	}
	return &api.PlanRef{RequestID: r.plan.RequestID, Digest: r.plan.Digest}
}

// readPlan returns the plan that the request goes by. Nobody has verified it yet: workers
// do, from the ledger, before a decision counts and before anything opens. In earlier
// shapes it must be the one that came with it as it was signed.
func readPlan(in AccessRequestInput) (access.Plan, error) {
	if in.Shape >= NamingShape {
		return in.Plan, nil
	}
	plan, err := evidence.ReadPlan(in.SignedPlan)
	if err != nil {
		return plan, err
	}
	shown, err := json.Marshal(in.Plan)
	if err != nil {
		return plan, err
	}
	signed, err := json.Marshal(plan)
	if err != nil {
		return plan, err
	}
	if string(shown) != string(signed) {
		return plan, access.Errorf(access.CodeEvidence, "the plan that is shown is not the one that was signed")
	}
	return plan, nil
}

// run goes through the request's states: decided, started, opened, closed. When Temporal suggests
// to continue as new, run returns from whichever wait it is in, and the next run
// resumes in that state.
func (r *request) run() (AccessRequestResult, error) {
	next := r.State
	if next == access.StatePending {
		next = r.awaitDecision()
	}
	if next == access.StateApproved || next == access.StateScheduled {
		next = r.awaitStart()
	}
	if next == access.StateGranting {
		next = r.open()
	}
	if next == access.StateActive {
		next = r.stayOpen()
	}
	if next == access.StateEnding {
		next = r.close()
	}
	if !next.Final() {
		return AccessRequestResult{}, r.continueAsNew()
	}
	if next != access.StateEnded {
		r.finish(next)
	}
	// The caller of a handler that is cut off would get no result.
	err := workflow.Await(r.ctx, func() bool {
		return workflow.AllHandlersFinished(r.ctx) && len(r.Unrecorded) == 0
	})
	return AccessRequestResult{State: r.State, Outcome: r.Outcome}, err
}

// awaitStart waits for the planned start, if there is one. A denial still counts
// meanwhile.
func (r *request) awaitStart() access.State {
	interrupted := false
	if at := r.plan.StartAt; at != nil && at.After(workflow.Now(r.ctx)) {
		if r.State != access.StateScheduled {
			r.setState(access.StateScheduled)
			r.record(access.Transition{To: access.StateScheduled}, access.Event{
				Kind: access.EventRequestScheduled, Message: "Starts at " + formatTime(*at) + ".", Key: access.KeyScheduled})
		}
		interrupted = r.awaitFor(at.Sub(workflow.Now(r.ctx)), "starts at "+formatTime(*at), func() bool {
			return r.End != nil || r.Tally == access.TallyDenied || r.shouldContinueAsNew()
		})
	}
	switch {
	case r.Tally == access.TallyDenied:
		return access.StateDenied
	case r.End != nil:
		return access.StateCancelled
	case interrupted:
		return access.StateScheduled // this run gives way to the next
	}
	return access.StateGranting
}

// finish ends a request that never opened anything.
func (r *request) finish(final access.State) {
	r.setState(final)
	kinds := map[access.State]access.EventKind{
		access.StateDenied: access.EventRequestDenied, access.StateCancelled: access.EventRequestCancelled,
		access.StateLapsed: access.EventRequestLapsed, access.StateFailed: access.EventRequestFailed,
	}
	e := access.Event{Kind: kinds[final], Key: access.KeyFinal(final), Message: r.Problem}
	switch final {
	case access.StateCancelled:
		r.End.explain(&e)
	case access.StateLapsed:
		e.Message = "Nobody decided in time."
	}
	r.record(access.Transition{To: final, Problem: &r.Problem}, e)
}
