package workflows

import (
	"go.temporal.io/sdk/workflow"
)

// shouldContinueAsNew reports whether this run should give way to a new one, and
// can. Temporal ends a workflow whose history is full, and anybody who may send
// signals can make it grow; access with nothing to end it must not come of that
// (docs/threats.md, case 39). Handlers that have begun are finished first: they are counted and
// each is bounded, so that a flood of messages cannot put it off for ever.
func (r *request) shouldContinueAsNew() bool {
	return workflow.GetInfo(r.ctx).GetContinueAsNewSuggested() && workflow.AllHandlersFinished(r.ctx) && !r.verifyingSignal
}

// continueAsNew ends this run with a new one that resumes in the same state. It
// takes along the signals that nobody has received yet.
func (r *request) continueAsNew() error {
	r.drainEnds()
	if r.rootCtx.Err() != nil {
		r.endByCancellation()
	}
	r.drainDecisions()
	next := r.input
	next.State = &r.RequestState
	return workflow.NewContinueAsNewError(r.ctx, AccessRequestType, next)
}

// restore takes over from the run before. It trusts that run as much as a run
// trusts its own history: workers verify the signed statements all the same.
func (r *request) restore(s RequestState) {
	r.RequestState = s
	if err := workflow.UpsertTypedSearchAttributes(r.ctx, InitialSearchAttributes(r.plan).Copy()); err != nil {
		workflow.GetLogger(r.ctx).Warn("search attributes not set", "error", err)
	}
	r.publish()
}
