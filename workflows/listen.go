package workflows

import "go.temporal.io/sdk/workflow"

// busy says which work of the listener is under way: one of each kind at a time.
type busy struct {
	verifyingSignal bool // a decision that came as a signal
	recounting      bool
	recording       bool
}

// listen takes what comes while run waits: orders to end, the cancellation of the
// workflow, decisions that come as signals, recounts, and what is to be recorded. It is
// one coroutine, since each costs memory for as long as access lasts; what takes time
// has one of its own for as long as it takes. So a ledger that is down keeps nobody
// from ending.
func (r *request) listen() {
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for cancelled := false; ; {
			_ = workflow.Await(ctx, func() bool {
				return r.signalled(SignalEnd) || !cancelled && r.rootCtx.Err() != nil ||
					r.decisionWaits() || r.recountWaits() || r.recordWaits()
			})
			r.drainEnds() // before a cancellation, which may come with it and says less
			if !cancelled && r.rootCtx.Err() != nil {
				cancelled = true
				r.endByCancellation()
			}
			if r.decisionWaits() {
				r.while(&r.verifyingSignal, r.takeDecision)
			}
			if r.recountWaits() {
				r.while(&r.recounting, r.takeRecounts)
			}
			if r.recordWaits() {
				r.while(&r.recording, r.recordAll)
			}
		}
	})
}

// while does what takes time in a coroutine of its own, and says so meanwhile.
func (r *request) while(doing *bool, do func(workflow.Context)) {
	*doing = true
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		do(ctx)
		*doing = false
	})
}

// signalled reports whether a signal of a name is there. It is left there: a run that
// ends before somebody handles it must not have taken it.
func (r *request) signalled(name string) bool {
	return workflow.GetSignalChannel(r.ctx, name).Len() > 0
}

func (r *request) recountWaits() bool { return !r.recounting && r.signalled(SignalRecount) }

func (r *request) recordWaits() bool { return !r.recording && len(r.Unrecorded) > 0 }

// decisionWaits reports whether there is a decision that came as a signal. What comes
// when the history is full is left to the next run.
func (r *request) decisionWaits() bool {
	return !r.verifyingSignal && (len(r.Unverified) > 0 ||
		r.signalled(SignalDecision) && !workflow.GetInfo(r.ctx).GetContinueAsNewSuggested())
}

// recordAll writes to the ledger what is queued, in order.
func (r *request) recordAll(ctx workflow.Context) {
	for len(r.Unrecorded) > 0 {
		r.recordNext(ctx)
	}
}
