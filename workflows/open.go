package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

// open opens every grant of the plan and answers active, or ending when not all
// of it could be opened. The clock of access starts before the first target is
// touched, so that a slow target shortens access rather than lengthening it.
func (r *request) open() access.State {
	r.enter(access.StateGranting)
	r.startedAt = workflow.Now(r.ctx).UTC().Truncate(time.Second)
	r.expiresAt = r.startedAt.Add(r.plan.Duration.Std())

	var failed error
	pending := 0
	for _, g := range r.plan.Grants {
		pending++
		ctx := openOptions(r.live, g.Target, "open "+g.Scope.Summary)
		f := workflow.ExecuteActivity(ctx, api.OpenGrant, api.OpenGrantInput{
			Plan: r.signed, Decisions: r.decisions, Grant: g.Name, ExpiresAt: r.expiresAt, OnlyGrant: r.single(),
		})
		workflow.Go(r.ctx, func(ctx workflow.Context) {
			var res api.OpenGrantResult
			if err := f.Get(ctx, &res); err != nil {
				failed = err
			}
			r.bound = max(r.bound, res.EndingBound)
			pending--
		})
	}
	workflow.Await(r.ctx, func() bool { return pending == 0 || failed != nil || r.stop != nil })
	if failed != nil || r.stop != nil {
		// Those still at work are asked to stop, and waited for: closing while
		// one is still being opened could leave it open.
		r.endLive()
		workflow.Await(r.ctx, func() bool { return pending == 0 })
	}
	if r.stop != nil {
		return access.StateEnding
	}
	if failed != nil {
		r.problem = "opening failed: " + api.FromTemporal(failed).Error()
		return access.StateEnding
	}
	r.activeAt = workflow.Now(r.ctx).UTC()
	r.enter(access.StateActive)
	if !r.single() {
		r.records.queue = append(r.records.queue, access.Activation(r.plan.RequestID, r.activeAt, r.expiresAt))
	}
	return access.StateActive
}

// single says that the plan has one grant. Then what opens and closes it records
// what that means for the request, and two activities are saved.
func (r *request) single() bool { return len(r.plan.Grants) == 1 }

// onExtend moves the end of live access. The targets move first: if one of
// them cannot, the workflow still ends everything at the old time.
func (r *request) onExtend(ctx workflow.Context, m SignedStatement) (ExtendResult, error) {
	r.changes++
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := r.changing.Lock(ctx); err != nil {
		return ExtendResult{}, err
	}
	defer r.changing.Unlock()
	if err := r.awaitActive(ctx); err != nil {
		return ExtendResult{}, err
	}
	order, err := evidence.ReadExtension(m.Envelope)
	if err != nil {
		return ExtendResult{}, api.ToTemporal(err)
	}
	digest := evidence.DigestOf([]byte(m.Envelope.Payload))
	if order.Number == r.extensions && digest == r.extended {
		return ExtendResult{ExpiresAt: r.expiresAt, Number: r.extensions}, nil // told twice
	}
	if order.Number != r.extensions+1 {
		return ExtendResult{}, api.ToTemporal(access.Errorf(access.CodeConflict,
			"extension %d was expected, not %d", r.extensions+1, order.Number))
	}
	until := r.expiresAt.Add(order.Adds.Std())
	for _, g := range r.plan.Grants {
		err := workflow.ExecuteActivity(changeOptions(r.live, g.Target, "extend until "+clock(until)), api.ExtendGrant,
			api.ExtendGrantInput{Plan: r.signed, Order: m.Envelope, Grant: g.Name, StartedAt: r.startedAt, ExpiresAt: until}).Get(ctx, nil)
		if err != nil {
			return ExtendResult{}, err
		}
	}
	if err := r.isActive(); err != nil {
		return ExtendResult{}, err // ending began meanwhile, and wins
	}
	r.expiresAt, r.extensions, r.extended = until, order.Number, digest
	r.show()
	n := r.extensions
	r.record(access.Transition{ExpiresAt: &until, Extensions: &n}, access.Event{
		Kind: access.EventAccessExtended, Actor: order.By.ID, Message: order.Reason, Key: access.KeyExtended(n),
		Detail: map[string]string{"expiresAt": until.Format(time.RFC3339)}})
	return ExtendResult{ExpiresAt: until, Number: n}, nil
}

// onPickUp mints a credential. What comes back is sealed to the requester's
// key: nobody who reads this history can open it.
func (r *request) onPickUp(ctx workflow.Context, m SignedStatement) (evidence.SealedCredential, error) {
	r.pickUps++
	order, err := evidence.ReadPickUp(m.Envelope)
	if err != nil {
		return evidence.SealedCredential{}, api.ToTemporal(err)
	}
	if err := r.awaitActive(ctx); err != nil {
		return evidence.SealedCredential{}, err
	}
	for _, g := range r.plan.Grants {
		if g.Name != order.Grant {
			continue
		}
		var sealed evidence.SealedCredential
		err := workflow.ExecuteActivity(changeOptions(r.live, g.Target, "mint for "+order.By.ID), api.MintCredential,
			api.MintCredentialInput{Plan: r.signed, Order: m.Envelope}).Get(ctx, &sealed)
		return sealed, err
	}
	return evidence.SealedCredential{}, api.ToTemporal(access.Errorf(access.CodeNotFound, "this request has no grant %q", access.Clip(order.Grant, 60)))
}
