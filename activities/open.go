package activities

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/ledger"
)

// OpenGrant opens one grant of a plan whose signatures and decisions it has
// verified. Idempotent by the grant's name; a grant that was closed is never opened
// again.
func (t *Targets) OpenGrant(ctx context.Context, in api.OpenGrantInput) (api.OpenGrantResult, error) {
	defer heartbeat(ctx)()
	res, err := t.openGrant(ctx, in)
	if err != nil {
		recordRefusal(ctx, t.Ledger, in.Plan, access.EventActRefused, access.ActOpen.Of(in.Grant), err)
	}
	return res, api.ToTemporal(err)
}

func (t *Targets) openGrant(ctx context.Context, in api.OpenGrantInput) (api.OpenGrantResult, error) {
	g, err := t.authorizeGrant(ctx, in)
	if err != nil {
		return api.OpenGrantResult{}, err
	}
	bounds, err := t.Broker.Bounds(g.Target)
	if err != nil {
		return api.OpenGrantResult{}, err
	}
	if err := t.Ledger.IntendGrant(ctx, g, t.now()); err != nil {
		return api.OpenGrantResult{}, err
	}
	failpoint.Here(failpoint.OpenIntended)
	if err := t.Broker.Grant(ctx, g); err != nil {
		return api.OpenGrantResult{}, err
	}
	failpoint.Here(failpoint.OpenGranted)
	steps, err := t.openedReceipt(ctx, g)
	if err != nil {
		return api.OpenGrantResult{}, err
	}
	now := t.now()
	if in.OnlyGrant {
		steps = append(steps, access.Activation(g.RequestID, now, g.ExpiresAt))
	}
	return api.OpenGrantResult{EndingBound: bounds.Ending}, t.Ledger.MarkOpened(ctx, g.Name, now, steps...)
}

// authorizeGrant derives the grant from signed statements. Only its end comes from
// the workflow, and may not be later than what was approved.
func (t *Targets) authorizeGrant(ctx context.Context, in api.OpenGrantInput) (access.Grant, error) {
	proof, err := t.Keyring.Authorize(in.Plan, in.Decisions)
	if err != nil {
		return access.Grant{}, err
	}
	if proof, err = t.applyDirectory(ctx, proof); err != nil {
		return access.Grant{}, err
	}
	if proof.Tally != access.TallySatisfied {
		return access.Grant{}, access.Errorf(access.CodeEvidence, "the decisions do not satisfy the plan's rule (%s)", proof.Tally)
	}
	start := proof.Plan.EarliestStart(proof.SatisfiedAt)
	if start.After(proof.SatisfiedAt) && t.now().Before(start.Add(-time.Second)) {
		return access.Grant{}, access.Errorf(access.CodeEvidence, "the plan starts at %s", access.FormatTime(start))
	}
	if latest := proof.Plan.LatestEnd(start, nil).Add(openWithin); in.ExpiresAt.After(latest) {
		return access.Grant{}, access.Errorf(access.CodeEvidence, "access until %s is longer than what was approved", access.FormatTime(in.ExpiresAt))
	}
	// The workflow's time is not trusted: whatever it says, access is no longer
	// than approved, within access.ClockSkew.
	if in.ExpiresAt.After(t.now().Add(proof.Plan.Duration.Std() + access.ClockSkew)) {
		return access.Grant{}, access.Errorf(access.CodeEvidence, "access until %s is longer than what was approved", access.FormatTime(in.ExpiresAt))
	}
	g, err := proof.Plan.Grant(in.Grant, in.ExpiresAt)
	if err == nil {
		err = t.requirePasskeyApprovals(g.Target, proof)
	}
	if err == nil {
		err = t.verifyScope(ctx, proof.Plan, g)
	}
	return g, err
}

// openWithin is how long after its approval (or its planned start) a plan may
// still be opened. It bounds what a replayed approval is worth (docs/threats.md, case 10).
const openWithin = 10 * time.Minute

// grantRow returns one grant as the ledger has it. Errors are also CodeNotFound.
func (t *Targets) grantRow(ctx context.Context, requestID, name string) (ledger.GrantRecord, error) {
	rows, err := t.Ledger.Grants(ctx, ledger.GrantFilter{RequestID: requestID})
	if err != nil {
		return ledger.GrantRecord{}, err
	}
	for _, r := range rows {
		if r.Name == name {
			return r, nil
		}
	}
	return ledger.GrantRecord{}, access.Errorf(access.CodeNotFound, "the ledger has no grant %s", access.Clip(name, 60))
}
