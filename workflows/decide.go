package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

// awaitDecision waits until the rule is satisfied or denied, somebody ends the
// request, or the time for deciding is over.
func (r *request) awaitDecision() access.State {
	if r.plan.Rule.Auto && r.Tally == access.TallyUndecided {
		if _, err := r.verifyDecisions(r.ctx, nil); err != nil {
			r.Problem = "the automatic approval could not be verified"
			return access.StateFailed
		}
	}
	settled := func() bool {
		return r.Tally != access.TallyUndecided || r.End != nil || r.shouldContinueAsNew()
	}
	// A decision that is being verified was made in time, and counts. If the one
	// that settled the request is counted no more, because its approver has left
	// meanwhile, the request waits on.
	inTime := true
	for again := true; again; {
		r.awaitVerified()
		inTime = r.awaitFor(r.plan.PendingUntil.Sub(workflow.Now(r.ctx)), "decisions until "+formatTime(r.plan.PendingUntil), settled)
		r.awaitVerified()
		_ = r.verifying.Lock(r.ctx)
		again = inTime && !settled()
		r.verifying.Unlock()
	}
	switch {
	case r.Tally == access.TallyDenied:
		return access.StateDenied
	case r.End != nil:
		return access.StateCancelled
	case r.Tally == access.TallySatisfied:
		r.setState(access.StateApproved)
		return access.StateApproved
	case inTime:
		return access.StatePending // this run gives way to the next
	}
	return access.StateLapsed
}

// awaitVerified waits for the decisions that are there: those being verified, and those
// that came as signals, maybe before the first task. Most requests are settled by the
// first, which comes with the first task, and then need no timer.
func (r *request) awaitVerified() {
	if !r.first() {
		_ = workflow.Await(r.ctx, func() bool { return !r.verifying.IsLocked() && !r.verifyingSignal && !r.decisionWaits() })
	}
}

// validateDecision is the validator of decisions: it must not change state.
func (r *request) validateDecision(_ workflow.Context, m SignedStatement) error {
	// A flood must not keep the handlers busy until the history is full: the sender
	// tries again, and the next run takes the decision (docs/threats.md, case 39).
	if workflow.GetInfo(r.ctx).GetContinueAsNewSuggested() {
		return api.ToTemporal(access.Errorf(access.CodeThrottled, "the request has much to do; try again in a moment"))
	}
	return r.validateContent(m)
}

// validateContent refuses what no run takes. Approvals are bounded; denials are
// not, so that no flood of messages keeps a denial out (docs/threats.md, case 63). Whether either
// is what it claims to be only a worker can tell.
func (r *request) validateContent(m SignedStatement) error {
	if err := validateSize(m); err != nil {
		return err
	}
	if !claimsDenial(m) {
		if err := validateCount(r.Received.Approvals, maxApprovals, "approvals"); err != nil {
			return err
		}
	}
	return r.requireUnended()
}

func claimsDenial(m SignedStatement) bool {
	d, err := evidence.ReadDecision(m.Envelope)
	return err == nil && d.Verdict == access.Deny
}

func (r *request) requireUnended() error {
	if r.State == access.StateEnding || r.State.Final() {
		return api.ToTemporal(access.Errorf(access.CodeConflict, "the request is %s", r.State))
	}
	return nil
}

// onDecide handles one signed decision. A denial after access has opened closes it
// again (docs/threats.md, case 15); one more approval then changes nothing (docs/threats.md, case 14).
func (r *request) onDecide(ctx workflow.Context, m SignedStatement) (DecideResult, error) {
	if !claimsDenial(m) {
		r.Received.Approvals++
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := r.verifying.Lock(ctx); err != nil {
		return DecideResult{}, err
	}
	defer r.verifying.Unlock()
	// The state may have changed while this waited for the lock.
	if err := r.requireUnended(); err != nil {
		return DecideResult{}, err
	}
	// A denial stands, even for the one who gave it (docs/threats.md, case 12).
	if r.Tally == access.TallyDenied {
		return DecideResult{}, api.ToTemporal(access.Errorf(access.CodeConflict, "the request is denied"))
	}
	// Temporal recognises an update that is sent twice within one run only.
	for _, known := range r.Decisions {
		if known.Payload == m.Envelope.Payload {
			return r.decideResult(), nil
		}
	}
	if _, err := r.verifyDecisions(ctx, &m.Envelope); err != nil {
		return DecideResult{}, err
	}
	return r.decideResult(), nil
}

// decideResult returns to the sender of a decision what all of them add up to. How each
// stage stands is in the ledger, and in the result of the worker that verified them.
func (r *request) decideResult() DecideResult {
	res := DecideResult{Tally: r.Tally}
	if r.carries() {
		res.Stages = r.Stages
	}
	return res
}

// accept keeps a verified decision. A person who says the same again adds nothing,
// unless it is with a passkey for the first time; so however often somebody
// decides, there is room for everybody else (docs/threats.md, case 63).
func (r *request) accept(signed evidence.Envelope, d access.Decision) {
	by := Decider{Human: d.Approver.HumanID(), Verdict: d.Verdict, Passkey: d.Passkey != nil}
	for i := len(r.Deciders) - 1; i >= 0; i-- {
		if last := r.Deciders[i]; last.Human == by.Human {
			if last.Verdict == by.Verdict && (last.Passkey || !by.Passkey) {
				return
			}
			break
		}
	}
	for i := len(r.Deciders) - 1; i >= 0; i-- { // what they said before in the same sense
		if r.Deciders[i].Human == by.Human && r.Deciders[i].Verdict == by.Verdict {
			r.Deciders, r.Decisions = slices.Delete(r.Deciders, i, i+1), slices.Delete(r.Decisions, i, i+1)
		}
	}
	r.Deciders, r.Decisions = append(r.Deciders, by), append(r.Decisions, signed)
}

// drainDecisions takes along the decisions that came as signals and that nobody
// has received yet: denials first, since not all may have room.
func (r *request) drainDecisions() {
	signals := workflow.GetSignalChannel(r.ctx, SignalDecision)
	var approvals []SignedStatement
	for m := (SignedStatement{}); signals.ReceiveAsync(&m); m = (SignedStatement{}) {
		switch {
		case r.validateContent(m) != nil:
		case claimsDenial(m):
			r.Unverified = append(r.Unverified, m)
		default:
			approvals = append(approvals, m)
		}
	}
	r.Unverified = append(r.Unverified, approvals...)
	r.Unverified = r.Unverified[:min(len(r.Unverified), maxUnverified)]
}

// maxUnverified bounds what one run hands to the next: with maxEnvelope far below
// the two megabytes that Temporal takes.
const maxUnverified = 60

// takeDecision handles a decision that came as a signal, for senders that must not
// depend on a running worker, as onDecide handles updates. A request that nobody has
// decided yet does not wake for a signal: it is taken when the first update comes, or
// the time for deciding is over.
func (r *request) takeDecision(ctx workflow.Context) {
	var m SignedStatement
	if len(r.Unverified) > 0 {
		m, r.Unverified = r.Unverified[0], r.Unverified[1:]
	} else if !workflow.GetSignalChannel(ctx, SignalDecision).ReceiveAsync(&m) {
		return // its payload could not be read
	}
	if err := r.validateContent(m); err != nil {
		return
	}
	if _, err := r.onDecide(ctx, m); err != nil {
		workflow.GetLogger(ctx).Warn("a decision that came as a signal was not accepted", "error", err)
	}
}

// takeRecounts counts the decisions again when approvers may have left or changed
// groups. The signal needs no proof, since it changes nothing by itself: a worker
// asks the directory, here and once more before anything opens. Many signals at once
// are one.
func (r *request) takeRecounts(ctx workflow.Context) {
	for workflow.GetSignalChannel(ctx, SignalRecount).ReceiveAsync(nil) {
	}
	if r.Received.Recounts++; r.Received.Recounts <= maxRecounts {
		r.recount(ctx)
	}
}

func (r *request) recount(ctx workflow.Context) {
	if err := r.verifying.Lock(ctx); err != nil {
		return
	}
	defer r.verifying.Unlock()
	if r.State != access.StatePending || len(r.Decisions) == 0 {
		return
	}
	if _, err := r.verifyDecisions(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("the decisions could not be counted again", "error", err)
	}
}

// verify has the worker of this task verify decisions, before the task is over: a
// local activity, whose input leaves no copy of the plan in the history and whose
// result needs no task of its own. It is idempotent, so a task that is lost and done
// again does no harm.
func (r *request) verify(ctx workflow.Context, in api.VerifyDecisionsInput) (res api.VerifyDecisionsResult, err error) {
	if r.first() {
		return r.verifyByActivity(ctx, in)
	}
	err = workflow.ExecuteLocalActivity(verifyOptions(ctx), api.VerifyInTask, in).Get(ctx, &res)
	if err == nil && res.Refused != nil {
		err = api.ToTemporal(res.Refused.Err())
	}
	return res, err
}

// narrow makes the plan the one that was approved: for the shortest length and from the
// latest start of all approvals, as workers derive it from the same statements. What is
// open already stays.
func (r *request) narrow() {
	if r.Tally != access.TallySatisfied || r.State.MayHaveAccess() {
		return
	}
	var decisions []access.Decision
	latest := r.plan.CreatedAt
	for _, e := range r.Decisions {
		if d, err := evidence.ReadDecision(e); err == nil {
			decisions = append(decisions, d)
			if d.At.After(latest) {
				latest = d.At
			}
		}
	}
	r.plan = r.plan.Narrowed(decisions, latest)
}

// verifyDecisions has a worker verify all decisions and record the new one, if
// there is one, and keeps what they amount to.
func (r *request) verifyDecisions(ctx workflow.Context, decision *evidence.Envelope) (api.VerifyDecisionsResult, error) {
	in := api.VerifyDecisionsInput{Plan: r.input.SignedPlan, Decisions: r.Decisions, New: decision}
	if !r.carries() {
		in.Of, in.Shown = r.planRef(), &r.input.Plan
	}
	res, err := r.verify(ctx, in)
	if err != nil {
		return res, err
	}
	if decision != nil && !r.carries() {
		d, err := evidence.ReadDecision(*decision) // which the worker has verified
		if err != nil {
			return res, api.ToTemporal(err)
		}
		res.Decision = &d
	}
	if decision != nil && res.Decision != nil {
		r.accept(*decision, *res.Decision)
	}
	r.Tally, r.Stages = res.Tally, res.Stages
	r.narrow()
	if d := res.Decision; d != nil && res.Tally == access.TallyDenied && r.State.MayHaveAccess() {
		r.requestEnd(EndRequest{Kind: access.EndRevoke, By: d.Approver.ID, Via: d.Via, Reason: d.Comment, At: d.At})
	}
	workflow.SetCurrentDetails(r.ctx, r.details())
	return res, nil
}
