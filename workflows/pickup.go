package workflows

import (
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

func (r *request) validatePickUp(_ workflow.Context, m SignedStatement) error {
	if err := validateCount(r.Received.PickUps, maxPickUps, "orders for a credential"); err != nil {
		return err
	}
	return r.validateChange(m)
}

// onPickUp has a worker mint a credential. What comes back is encrypted to the
// requester's key: nobody who reads this history can open it.
func (r *request) onPickUp(ctx workflow.Context, m SignedStatement) (evidence.SealedCredential, error) {
	r.Received.PickUps++
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
		err := workflow.ExecuteActivity(changeOptions(r.openCtx, g.Target, "mint for "+order.By.ID), api.MintCredential,
			api.MintCredentialInput{Plan: r.input.SignedPlan, Of: r.planRef(), Decided: r.decided(), Order: m.Envelope}).Get(ctx, &sealed)
		return sealed, err
	}
	return evidence.SealedCredential{}, api.ToTemporal(access.Errorf(access.CodeNotFound, "this request has no grant %q", access.Clip(order.Grant, 60)))
}
