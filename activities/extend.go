package activities

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// ExtendGrant moves the end of one open grant, as far as the plan allows and the
// signed order says. Idempotent.
func (t *Targets) ExtendGrant(ctx context.Context, in api.ExtendGrantInput) error {
	err := t.extendGrant(ctx, in)
	if err != nil {
		recordRefusal(ctx, t.Ledger, in.Plan, access.EventActRefused, access.ActExtend.Of(in.Grant), err)
	}
	return api.ToTemporal(err)
}

func (t *Targets) extendGrant(ctx context.Context, in api.ExtendGrantInput) error {
	proof, _, err := t.signedProof(ctx, in.Plan)
	if err != nil {
		return err
	}
	plan := proof.Plan // as it was approved: what was shortened is not extended
	order, err := t.Keyring.VerifyExtension(in.Order)
	if err != nil {
		return err
	}
	if err := plan.AllowsExtension(order, in.ExpiresAt.Sub(in.StartedAt)); err != nil {
		return notProven(err)
	}
	if _, err := t.applyDirectory(ctx, evidence.Authorized{Plan: plan}); err != nil {
		return err
	}
	row, err := t.grantRow(ctx, plan.RequestID, in.Grant)
	if err != nil {
		return err
	}
	// The start comes from the workflow; the ledger's time of the grant bounds it. A
	// retry finds the ledger already at the new end.
	tooLong := in.ExpiresAt.After(row.IntendedAt.Add(plan.Extend.UpTo.Std()+access.ClockSkew)) ||
		in.ExpiresAt.After(row.ExpiresAt.Add(order.Adds.Std()))
	if row.Status != ledger.GrantOpen || tooLong {
		return access.Errorf(access.CodeConflict, "grant %s is %s, or would be open longer than ordered", row.Name, row.Status)
	}
	g := row.Grant
	g.ExpiresAt = in.ExpiresAt.UTC()
	digest, err := evidence.PayloadDigest(in.Order)
	if err != nil {
		return err
	}
	// Stored first, so that a reader of the later end finds the order for it.
	if err := t.storeStatement(ctx, plan.RequestID, access.KeyExtensionOrder(order.Number, digest), in.Order); err != nil {
		return err
	}
	if err := t.verifyGrantWithPlan(ctx, in.Plan, g); err != nil {
		return err
	}
	if err := t.verifyScope(ctx, plan, g); err != nil {
		return err
	}
	// The ledger first: if the target is reached and its reply is lost, the ledger
	// has the later end.
	if err := t.Ledger.MarkExtended(ctx, g.Name, g.ExpiresAt); err != nil {
		return err
	}
	return t.Broker.Extend(ctx, g)
}

// notProven returns a refusal as a worker means it: there is nobody here who
// could log in again, and an honest server signs no such order.
func notProven(err error) error {
	if access.CodeOf(err) == access.CodeUnauthenticated {
		return access.WithCode(err, access.CodeEvidence)
	}
	return err
}
