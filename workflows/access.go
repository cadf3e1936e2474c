package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

// AccessRequest is the life of one request. It opens nothing by itself: workers check
// the signed plan and decisions it carries, and refuse anything else.
func AccessRequest(ctx workflow.Context, in AccessRequestInput) (AccessRequestResult, error) {
	r, err := newRequest(ctx, in)
	if err != nil {
		return AccessRequestResult{}, err
	}
	return r.run()
}

// request is the state of one Access workflow. Message handlers set its
// fields; the story in run awaits them.
type request struct {
	plan   access.Plan
	signed evidence.Envelope // the plan as it was signed

	// ctx is not the workflow's own: cancelling the workflow is one more way to
	// ask it to stop, and must not cut off the work of closing access.
	ctx workflow.Context
	own workflow.Context // the workflow's own, to see whether it was cancelled
	// live is cancelled when ending begins, and with it all that still opens or
	// extends access.
	live    workflow.Context
	endLive workflow.CancelFunc

	state     access.State
	outcome   access.Outcome
	standing  access.DecisionOutcome
	stages    []access.StageStatus
	decisions []evidence.Envelope // accepted, in order

	stop       *EndRequest
	startedAt  time.Time // when the clock of access started
	activeAt   time.Time
	expiresAt  time.Time
	endingAt   time.Time
	extensions int
	extended   string // the last order to extend, by its payload
	overdue    bool
	problem    string
	bound      time.Duration // ending for longer is overdue

	judging  workflow.Mutex    // decisions are judged one at a time
	changing workflow.Mutex    // extensions, likewise
	messages int               // decisions received; see maxMessages
	changes  int               // orders to extend received, likewise
	recounts int               // see maxRecounts
	pickUps  int               // credentials asked for; see maxPickUps
	waiting  []SignedStatement // decisions by signal that the run before did not judge
	// signalled says that a decision that came by signal is being judged.
	signalled bool
	records   recorder
}

func newRequest(own workflow.Context, in AccessRequestInput) (*request, error) {
	plan, err := evidence.ReadPlan(in.Plan)
	if err != nil {
		return nil, api.ToTemporal(err)
	}
	if plan.RequestID != in.RequestID || AccessWorkflowID(in.RequestID) != workflow.GetInfo(own).WorkflowExecution.ID {
		return nil, api.ToTemporal(access.Errorf(access.CodeEvidence, "the plan is for another request"))
	}
	ctx, _ := workflow.NewDisconnectedContext(own)
	r := &request{
		plan: plan, signed: in.Plan, ctx: ctx, own: own,
		state:    access.StatePending,
		standing: access.DecisionsUndecided,
		bound:    defaultEndingBound,
		judging:  workflow.NewMutex(ctx),
		changing: workflow.NewMutex(ctx),
	}
	_, r.stages = plan.Rule.Tally(plan, plan.Digest, nil)
	r.live, r.endLive = workflow.WithCancel(ctx)
	r.records.start(ctx)
	workflow.Go(own, func(own workflow.Context) {
		own.Done().Receive(own, nil)
		r.cancelled()
	})
	if in.Resumed != nil {
		r.resume(*in.Resumed)
	}
	return r, r.handleMessages()
}

// cancelled takes the cancellation of the workflow as the stop it is.
func (r *request) cancelled() {
	r.ask(EndRequest{Kind: EndRevoke, By: access.ActorTemporal, Reason: "the workflow was cancelled", At: workflow.Now(r.ctx)})
}

// run is the story: decided, started, open, closed. A run whose history grew
// long is left in one of its waits, and the next run goes on there.
func (r *request) run() (AccessRequestResult, error) {
	next := r.state
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
		return AccessRequestResult{}, r.renew()
	}
	if next != access.StateEnded {
		r.finish(next)
	}
	// A handler that is cut off leaves its caller without an answer.
	err := workflow.Await(r.ctx, func() bool {
		return workflow.AllHandlersFinished(r.ctx) && r.records.idle()
	})
	return AccessRequestResult{State: r.state, Outcome: r.outcome}, err
}

// awaitDecision waits until the rule is satisfied or denied, the requester
// stops it, or the time for deciding is over.
func (r *request) awaitDecision() access.State {
	if r.plan.Rule.Auto && r.standing == access.DecisionsUndecided {
		if _, err := r.judge(r.ctx, nil); err != nil {
			r.problem = "the automatic approval could not be proven"
			return access.StateFailed
		}
	}
	settled := func() bool { return r.standing != access.DecisionsUndecided || r.stop != nil || r.full() }
	// A decision that is being judged was made in time: it counts. When one that
	// settled it no longer counts, because of who has left meanwhile, it waits on.
	inTime := true
	for again := true; again; {
		inTime, _ = workflow.AwaitWithOptions(r.ctx, workflow.AwaitOptions{
			Timeout:      r.plan.PendingUntil.Sub(workflow.Now(r.ctx)),
			TimerOptions: workflow.TimerOptions{Summary: "decisions until " + clock(r.plan.PendingUntil)},
		}, settled)
		r.judging.Lock(r.ctx)
		again = inTime && !settled()
		r.judging.Unlock()
	}
	switch {
	case r.standing == access.DecisionsDenied:
		return access.StateDenied
	case r.stop != nil:
		return access.StateCancelled
	case r.standing == access.DecisionsSatisfied:
		r.enter(access.StateApproved)
		return access.StateApproved
	case inTime:
		return access.StatePending // only this run is over
	}
	return access.StateLapsed
}

// awaitStart waits for the planned start, if there is one. A denial still
// counts here.
func (r *request) awaitStart() access.State {
	early := false
	if at := r.plan.StartAt; at != nil && at.After(workflow.Now(r.ctx)) {
		if r.state != access.StateScheduled {
			r.enter(access.StateScheduled)
			r.record(access.Transition{To: access.StateScheduled}, access.Event{
				Kind: access.EventRequestScheduled, Message: "Starts at " + clock(*at) + ".", Key: access.KeyScheduled})
		}
		early, _ = workflow.AwaitWithOptions(r.ctx, workflow.AwaitOptions{
			Timeout:      at.Sub(workflow.Now(r.ctx)),
			TimerOptions: workflow.TimerOptions{Summary: "starts at " + clock(*at)},
		}, func() bool { return r.stop != nil || r.standing == access.DecisionsDenied || r.full() })
	}
	switch {
	case r.standing == access.DecisionsDenied:
		return access.StateDenied
	case r.stop != nil:
		return access.StateCancelled
	case early:
		return access.StateScheduled // only this run is over
	}
	return access.StateGranting
}

// stayOpen sleeps until the access expires or somebody stops it. The expiry
// may move while it sleeps.
func (r *request) stayOpen() access.State {
	for r.stop == nil {
		until := r.expiresAt
		left := until.Sub(workflow.Now(r.ctx))
		if left <= 0 {
			return access.StateEnding
		}
		if r.full() {
			return access.StateActive
		}
		workflow.AwaitWithOptions(r.ctx, workflow.AwaitOptions{
			Timeout:      left,
			TimerOptions: workflow.TimerOptions{Summary: "access ends at " + clock(until)},
		}, func() bool { return r.stop != nil || !r.expiresAt.Equal(until) || r.full() })
	}
	return access.StateEnding
}

// ask takes a stop; the first one stands.
func (r *request) ask(s EndRequest) {
	if r.stop == nil {
		r.stop = &s
	}
}

// finish ends a request that never opened anything.
func (r *request) finish(final access.State) {
	r.enter(final)
	kinds := map[access.State]access.EventKind{
		access.StateDenied: access.EventRequestDenied, access.StateCancelled: access.EventRequestCancelled,
		access.StateLapsed: access.EventRequestLapsed, access.StateFailed: access.EventRequestFailed,
	}
	e := access.Event{Kind: kinds[final], Key: access.KeyFinal(final), Message: r.problem}
	switch {
	case final == access.StateCancelled:
		e.Actor, e.Message = r.stop.By, r.stop.Reason
	case final == access.StateLapsed:
		e.Message = "Nobody decided in time."
	}
	r.record(access.Transition{To: final, Problem: &r.problem}, e)
}

// clock writes a time for operators; the Temporal UI shows it as it is.
func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC on 2 Jan") }
