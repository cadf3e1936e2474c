package workflows

import (
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

// maxMessages bounds the decisions one request takes, far below Temporal's
// limits for one history, so that a flood cannot keep it from ending (CASES 39).
const maxMessages = 100

// maxChanges bounds the orders to extend, made or refused, likewise.
const maxChanges = 100

// maxPickUps bounds the credentials that one request hands out: each is one more
// secret in the world, and a few events in the history.
const maxPickUps = 200

// maxRecounts bounds how often decisions are counted again; whatever is missed
// is found before anything opens.
const maxRecounts = 100

// maxEnvelope bounds a signed statement, in bytes.
const maxEnvelope = 16 << 10

func tooLarge(m SignedStatement) bool {
	size := len(m.Envelope.Payload) + len(m.Envelope.PayloadType)
	for _, s := range m.Envelope.Signatures {
		size += len(s.KeyID) + len(s.Sig)
	}
	return size > maxEnvelope
}

// handleMessages registers every handler. Validators reject what cannot be
// taken at all, which leaves no trace in the history: the server records it.
func (r *request) handleMessages() error {
	updates := map[string]struct{ handler, validator any }{}
	updates[UpdateDecide] = struct{ handler, validator any }{r.onDecide, r.mayDecide}
	updates[UpdateExtend] = struct{ handler, validator any }{r.onExtend, r.mayExtend}
	updates[UpdatePickUp] = struct{ handler, validator any }{r.onPickUp, r.mayPickUp}
	for _, name := range workflow.DeterministicKeys(updates) {
		u := updates[name]
		if err := workflow.SetUpdateHandlerWithOptions(r.ctx, name, u.handler,
			workflow.UpdateHandlerOptions{Validator: u.validator}); err != nil {
			return err
		}
	}
	r.receiveStops()
	r.receiveDecisions()
	r.receiveRecounts()
	return workflow.SetQueryHandler(r.ctx, QueryStatus, func() (Status, error) { return r.status(), nil })
}

// await returns when a signal of a name is there, and leaves it there. Receive
// would take it at once, before this coroutine's turn comes, and a run that ends
// in that moment would lose it.
func (r *request) await(ctx workflow.Context, name string) {
	_ = workflow.Await(ctx, func() bool { return workflow.GetSignalChannel(ctx, name).Len() > 0 })
}

func (r *request) receiveStops() {
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			r.await(ctx, SignalEnd)
			for s := (EndRequest{}); workflow.GetSignalChannel(ctx, SignalEnd).ReceiveAsync(&s); s = (EndRequest{}) {
				r.ask(s)
			}
		}
	})
}

// receiveDecisions takes decisions that come as signals, for senders that must
// not depend on a running worker. They end in the same function as updates.
func (r *request) receiveDecisions() {
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			var m SignedStatement
			if len(r.waiting) > 0 {
				m, r.waiting = r.waiting[0], r.waiting[1:]
			} else {
				r.await(ctx, SignalDecision)
				if !workflow.GetSignalChannel(ctx, SignalDecision).ReceiveAsync(&m) {
					continue // it could not be read
				}
			}
			if err := r.mayDecide(ctx, m); err != nil {
				continue
			}
			r.signalled = true
			if _, err := r.onDecide(ctx, m); err != nil {
				workflow.GetLogger(ctx).Warn("signalled decision not taken", "error", err)
			}
			r.signalled = false
		}
	})
}

// receiveRecounts counts the decisions again when those who made them may have
// left or changed groups. It proves nothing and needs no proof: a worker asks
// the directory, here and once more before anything opens. Many at once are one.
func (r *request) receiveRecounts() {
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			r.await(ctx, SignalRecount)
			for workflow.GetSignalChannel(ctx, SignalRecount).ReceiveAsync(nil) {
			}
			if r.recounts++; r.recounts > maxRecounts {
				continue
			}
			r.recount(ctx)
		}
	})
}

func (r *request) recount(ctx workflow.Context) {
	if err := r.judging.Lock(ctx); err != nil {
		return
	}
	defer r.judging.Unlock()
	if r.state != access.StatePending || len(r.decisions) == 0 {
		return
	}
	if _, err := r.judge(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("decisions not counted again", "error", err)
	}
}

// mayDecide is the validator of decisions: it must not change state.
func (r *request) mayDecide(_ workflow.Context, m SignedStatement) error {
	switch {
	case r.messages >= maxMessages:
		return api.ToTemporal(access.Errorf(access.CodeThrottled, "this request has taken too many decisions"))
	case tooLarge(m):
		return api.ToTemporal(access.Errorf(access.CodeTooLarge, "the decision is too large"))
	case r.state == access.StateEnding || r.state.Final():
		return api.ToTemporal(access.Errorf(access.CodeConflict, "the request is %s", r.state))
	}
	return nil
}

// onDecide takes one signed decision. A denial after access has opened closes
// it again (CASES 15); another approval then changes nothing (CASES 14).
func (r *request) onDecide(ctx workflow.Context, m SignedStatement) (DecideResult, error) {
	r.messages++
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := r.judging.Lock(ctx); err != nil {
		return DecideResult{}, err
	}
	defer r.judging.Unlock()
	// The state may have changed while this waited for its turn. A denial that
	// stands is not taken back, not even by who gave it (CASES 12).
	switch {
	case r.state == access.StateEnding || r.state.Final():
		return DecideResult{}, api.ToTemporal(access.Errorf(access.CodeConflict, "the request is %s", r.state))
	case r.standing == access.DecisionsDenied:
		return DecideResult{}, api.ToTemporal(access.Errorf(access.CodeConflict, "the request is denied"))
	}
	// Temporal knows an update told twice within one run only.
	for _, taken := range r.decisions {
		if taken.Payload == m.Envelope.Payload {
			return DecideResult{Outcome: r.standing, Stages: r.stages}, nil
		}
	}
	res, err := r.judge(ctx, &m.Envelope)
	if err != nil {
		return DecideResult{}, err
	}
	return DecideResult{Outcome: res.Outcome, Stages: res.Stages}, nil
}

// judge lets a worker verify and record a decision, and keeps what it adds up to.
func (r *request) judge(ctx workflow.Context, decision *evidence.Envelope) (api.VerifyDecisionsResult, error) {
	var res api.VerifyDecisionsResult
	err := workflow.ExecuteActivity(judgeOptions(ctx), api.VerifyDecisions, api.VerifyDecisionsInput{
		Plan: r.signed, Decisions: r.decisions, New: decision,
	}).Get(ctx, &res)
	if err != nil {
		return res, err
	}
	if decision != nil {
		r.decisions = append(r.decisions, *decision)
	}
	r.standing, r.stages = res.Outcome, res.Stages
	if res.Outcome == access.DecisionsDenied && res.Decision != nil {
		if r.state.MayHaveAccess() {
			r.ask(EndRequest{Kind: EndRevoke, By: res.Decision.Approver.ID, Reason: res.Decision.Comment, At: res.Decision.At})
		}
	}
	return res, nil
}

func (r *request) mayExtend(ctx workflow.Context, m SignedStatement) error {
	if r.changes >= maxChanges {
		return api.ToTemporal(access.Errorf(access.CodeThrottled, "this request has taken too many orders to extend"))
	}
	return r.mayChange(ctx, m)
}

func (r *request) mayPickUp(ctx workflow.Context, m SignedStatement) error {
	if r.pickUps >= maxPickUps {
		return api.ToTemporal(access.Errorf(access.CodeThrottled, "this request has handed out %d credentials, which is all it may", maxPickUps))
	}
	return r.mayChange(ctx, m)
}

// mayChange is what the validators of extensions and pick-ups have in common. The ledger may say
// active a moment before this workflow learns it: an order that is that quick is
// taken, and awaits the opening.
func (r *request) mayChange(_ workflow.Context, m SignedStatement) error {
	switch {
	case tooLarge(m):
		return api.ToTemporal(access.Errorf(access.CodeTooLarge, "the order is too large"))
	case r.state == access.StateGranting && r.stop == nil:
		return nil
	}
	return r.isActive()
}

// awaitActive waits for an opening that is under way.
func (r *request) awaitActive(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return r.state != access.StateGranting }); err != nil {
		return err
	}
	return r.isActive()
}

func (r *request) isActive() error {
	if r.state != access.StateActive || r.stop != nil {
		return api.ToTemporal(access.Errorf(access.CodeConflict, "the request is %s, not active", r.state))
	}
	return nil
}

func (r *request) status() Status {
	s := Status{State: r.state, Outcome: r.outcome, Stages: r.stages, Extensions: r.extensions, Overdue: r.overdue}
	if !r.expiresAt.IsZero() {
		at := r.expiresAt
		s.ExpiresAt = &at
	}
	return s
}
