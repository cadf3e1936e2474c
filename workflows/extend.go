package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

func (r *request) validateExtension(_ workflow.Context, m SignedStatement) error {
	if err := validateCount(r.Received.Extensions, maxExtensions, "orders to extend"); err != nil {
		return err
	}
	return r.validateChange(m)
}

// onExtend moves the end of active access. The targets move first: if one of them
// cannot, the workflow still ends everything at the old time.
func (r *request) onExtend(ctx workflow.Context, m SignedStatement) (ExtendResult, error) {
	r.Received.Extensions++
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := r.extending.Lock(ctx); err != nil {
		return ExtendResult{}, err
	}
	defer r.extending.Unlock()
	if err := r.awaitActive(ctx); err != nil {
		return ExtendResult{}, err
	}
	order, err := evidence.ReadExtension(m.Envelope)
	if err != nil {
		return ExtendResult{}, api.ToTemporal(err)
	}
	digest := evidence.DigestOf([]byte(m.Envelope.Payload))
	if order.Number == r.Extensions && digest == r.LastExtension {
		return ExtendResult{ExpiresAt: r.ExpiresAt, Number: r.Extensions}, nil // sent twice
	}
	if order.Number != r.Extensions+1 {
		return ExtendResult{}, api.ToTemporal(access.Errorf(access.CodeConflict,
			"extension %d was expected, not %d", r.Extensions+1, order.Number))
	}
	if !order.From.Equal(r.ExpiresAt) {
		return ExtendResult{}, api.ToTemporal(access.Refuse(access.CodeConflict, access.IssueExtendsNothing,
			"access ends at %s, not at %s, from which the order starts", access.FormatTime(r.ExpiresAt), access.FormatTime(order.From)))
	}
	until := r.ExpiresAt.Add(order.Adds.Std())
	if err := r.extendGrants(ctx, m.Envelope, until); err != nil {
		return ExtendResult{}, err
	}
	if err := r.requireActive(); err != nil {
		return ExtendResult{}, err // ending began meanwhile, and wins
	}
	r.ExpiresAt, r.Extensions, r.LastExtension = until, order.Number, digest
	r.publish()
	r.record(access.Transition{ExpiresAt: &until, Extensions: new(r.Extensions)}, access.Event{
		Kind: access.EventAccessExtended, Actor: order.By.ID, Message: order.Reason, Key: access.KeyExtended(r.Extensions),
		Detail: order.Via.Detail(map[string]string{"expiresAt": until.Format(time.RFC3339)})})
	return ExtendResult{ExpiresAt: until, Number: r.Extensions}, nil
}

func (r *request) extendGrants(ctx workflow.Context, order evidence.Envelope, until time.Time) error {
	for _, g := range r.plan.Grants {
		err := workflow.ExecuteActivity(changeOptions(r.openCtx, g.Target, "extend until "+formatTime(until)), api.ExtendGrant,
			api.ExtendGrantInput{Plan: r.input.SignedPlan, Of: r.planRef(), Decided: r.decided(), Order: order, Grant: g.Name}).Get(ctx, nil)
		if err != nil {
			return err
		}
	}
	return nil
}
