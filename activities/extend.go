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
	proof, err := t.authorizeDecided(ctx, plan, in.Decided, in.Order)
	if err != nil {
		return err
	}
	if err := checkOrder(proof, in.Grant, order); err != nil {
		return err
	}
	if err := t.checkDecided(ctx, proof, order); err != nil {
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

// checkDecided verifies that the requester has not left, and that an order to extend is
// approved, where the plan has people decide that: by the directory as it is now, and not
// so long ago that the approval was kept for later.
func (t *Targets) checkDecided(ctx context.Context, proof evidence.Authorized, order access.ExtensionOrder) error {
	signed := access.Signed{Plan: proof.Plan, ExtensionDecisions: proof.ExtensionDecisions}
	asked, err := t.applyDirectory(ctx, evidence.Authorized{Signed: access.Signed{Plan: proof.Plan, Decisions: proof.ExtensionDecisions}})
	if err != nil {
		return err
	}
	signed.Directory = asked.Directory
	approved, tally := signed.ExtensionApproved(order)
	switch {
	case approved.IsZero() || tally != access.TallySatisfied:
		return access.Refuse(access.CodeEvidence, access.IssueExtensionUndecided, "the decisions on extension %d do not satisfy the plan's rule for extensions (%s)", order.Number, tally)
	case t.now().Sub(approved) > access.ActWithin:
		return access.Refuse(access.CodeTooLate, access.IssueExtendsNothing, "the order to extend, or its approval, is older than %s", access.Duration(access.ActWithin))
	}
	return nil
}

// checkOrder verifies that an order to extend, which is among the statements of
// proof, leads somewhere (docs/threats.md, cases 55 and 61).
func checkOrder(proof evidence.Authorized, grant string, order access.ExtensionOrder) error {
	return notProven(proof.CheckExtension(grant, order))
}

// notProven turns the refusal of an old login into one of evidence: no person asks this
// worker, who could log in again, and an honest server signs no such order.
func notProven(err error) error {
	if access.CodeOf(err) == access.CodeUnauthenticated {
		return access.WithCode(err, access.CodeEvidence)
	}
	return err
}
