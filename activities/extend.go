package activities

import (
	"context"
	"time"

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
		recordRefusal(ctx, t.Ledger, requestOf(in.Plan, in.Of), access.EventActRefused, access.ActExtend.Of(in.Grant), err)
	}
	return api.ToTemporal(err)
}

func (t *Targets) extendGrant(ctx context.Context, in api.ExtendGrantInput) error {
	order, err := t.Keyring.VerifyExtension(in.Order)
	if err != nil {
		return err
	}
	plan, err := signedPlan(ctx, t.Ledger, in.Plan, in.Of)
	if err != nil {
		return err
	}
	proof, err := t.authorize(ctx, plan, in.Order)
	if err != nil {
		return err
	}
	if err := checkOrder(proof, in.Grant, order, t.now()); err != nil {
		return err
	}
	if _, err := t.applyDirectory(ctx, evidence.Authorized{Signed: access.Signed{Plan: proof.Plan}}); err != nil {
		return err
	}
	row, err := t.grantRow(ctx, proof.Plan.RequestID, in.Grant)
	if err != nil {
		return err
	}
	g := row.Grant
	g.ExpiresAt = order.From.Add(order.Adds.Std()).UTC()
	switch {
	case row.Status != ledger.GrantOpen || !t.now().Before(row.ExpiresAt):
		return access.Errorf(access.CodeConflict, "grant %s is %s, until %s", row.Name, row.Status, access.FormatTime(row.ExpiresAt))
	// Where an extension failed half way and was ordered again, one target may be further
	// than the order that counts now. It is never taken back.
	case !row.ExpiresAt.Before(g.ExpiresAt):
		g.ExpiresAt = row.ExpiresAt
	case row.ExpiresAt.Before(order.From):
		return access.Refuse(access.CodeConflict, access.IssueExtendsNothing, "grant %s ends at %s, before the end that the order starts from", row.Name, access.FormatTime(row.ExpiresAt))
	}
	if err := t.verifyGrant(proof, g); err != nil {
		return err
	}
	digest, err := evidence.PayloadDigest(in.Order)
	if err != nil {
		return err
	}
	if err := t.verifyScope(ctx, proof.Plan, g); err != nil {
		return err
	}
	// Stored first, so that a reader of the later end finds the order for it.
	if err := t.storeStatement(ctx, proof.Plan.RequestID, access.KeyExtensionOrder(order.Number, digest), in.Order); err != nil {
		return err
	}
	// The ledger first: if the target is reached and its reply is lost, the ledger
	// has the later end.
	if err := t.Ledger.MarkExtended(ctx, g.Name, g.ExpiresAt); err != nil {
		return err
	}
	return t.Broker.Extend(ctx, g)
}

// checkOrder verifies that an order to extend, which is among the statements of
// proof, leads somewhere and was not kept for later (docs/threats.md, cases 55 and 61).
func checkOrder(proof evidence.Authorized, grant string, order access.ExtensionOrder, now time.Time) error {
	if err := proof.CheckExtension(grant, order); err != nil {
		return notProven(err)
	}
	if now.Sub(order.At) > access.ActWithin {
		return access.Refuse(access.CodeTooLate, access.IssueExtendsNothing, "the order to extend is older than %s", access.Duration(access.ActWithin))
	}
	return nil
}

// notProven turns the refusal of an old login into one of evidence: no person asks this
// worker, who could log in again, and an honest server signs no such order.
func notProven(err error) error {
	if access.CodeOf(err) == access.CodeUnauthenticated {
		return access.WithCode(err, access.CodeEvidence)
	}
	return err
}
