package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// VerifyGrant proves again what the ledger says is open: whoever writes the ledger
// writes "open", and what, and until when, and none of it is an approval. Plan
// and decisions are the ledger's; their signatures are verified here. Errors are
// CodeEvidence, or those of a ledger that does not answer. An end counts as
// proven up to what the plan may be extended to, ordered or not.
func (t *Targets) VerifyGrant(ctx context.Context, g access.Grant) error {
	b, err := t.Ledger.PlanEnvelope(ctx, g.RequestID)
	if access.CodeOf(err) == access.CodeNotFound {
		return access.Errorf(access.CodeEvidence, "grant %s is of a request that nobody made", g.Name)
	}
	if err != nil {
		return err
	}
	var signed evidence.Envelope
	if err := json.Unmarshal(b, &signed); err != nil {
		return access.Errorf(access.CodeEvidence, "the plan of grant %s is unreadable", g.Name)
	}
	return t.verifyGrantWithPlan(ctx, signed, g)
}

// verifyGrantWithPlan is Proven with the plan at hand.
func (t *Targets) verifyGrantWithPlan(ctx context.Context, signed evidence.Envelope, g access.Grant) error {
	plan, err := t.Keyring.VerifyPlan(signed)
	if err != nil {
		return err
	}
	statements, err := t.Ledger.Statements(ctx, plan.RequestID)
	if err != nil {
		return err
	}
	var decisions []evidence.Envelope
	for _, b := range statements {
		var e evidence.Envelope
		if json.Unmarshal(b, &e) == nil && e.PayloadType == evidence.TypeDecision {
			decisions = append(decisions, e)
		}
	}
	proof, err := t.Keyring.Authorize(signed, decisions)
	if err != nil {
		return err
	}
	planned, err := plannedGrant(plan, g.Name, g.ExpiresAt)
	if err != nil {
		return err
	}
	longest, start := plan.Duration.Std(), proof.SatisfiedAt
	if plan.Extend != nil {
		longest = max(longest, plan.Extend.UpTo.Std())
	}
	if plan.StartAt != nil && plan.StartAt.After(start) {
		start = *plan.StartAt
	}
	switch {
	case plan.RequestID != g.RequestID:
		return access.Errorf(access.CodeEvidence, "grant %s is another request's than its plan", g.Name)
	case proof.Outcome != access.DecisionsSatisfied:
		return access.Errorf(access.CodeEvidence, "grant %s is open in the ledger, and was not approved (%s)", g.Name, proof.Outcome)
	case g.Target != planned.Target || g.Principal != planned.Principal || !sameJSON(g.Entitlement, planned.Entitlement):
		return access.Errorf(access.CodeEvidence, "grant %s is not in the ledger as it was approved", g.Name)
	case g.ExpiresAt.After(start.Add(openWithin + longest + access.ClockSkew)):
		return access.Errorf(access.CodeEvidence, "grant %s lasts until %s in the ledger, longer than was approved", g.Name, g.ExpiresAt.Format(time.RFC3339))
	}
	return t.requirePasskeyApprovals(g.Target, proof)
}

// requirePasskeyApprovals counts those who approved with their own passkeys, where the
// target wants it. Whose keys are whose no server can say, so this counts people
// even for one that was captured. Errors are CodeEvidence.
func (t *Targets) requirePasskeyApprovals(target string, proof evidence.Authorized) error {
	need := t.PasskeyApprovals[target]
	if need == 0 {
		return nil
	}
	if !proof.Plan.Rule.Passkey {
		return access.Errorf(access.CodeEvidence, "target %s opens only what was approved with passkeys (passkeyApprovals), and the plan wants none", target)
	}
	last := map[string]access.Decision{}
	for _, d := range proof.Decisions {
		if who := d.Approver.HumanID(); !d.At.Before(last[who].At) {
			last[who] = d
		}
	}
	signed := 0
	for _, d := range last {
		if d.Verdict == access.Approve && d.Passkey != nil {
			signed++
		}
	}
	if signed < need {
		return access.Errorf(access.CodeEvidence, "target %s opens only what %d people approved with passkeys (passkeyApprovals), and %d did", target, need, signed)
	}
	return nil
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
