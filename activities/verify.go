package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// VerifyGrant verifies that a grant which the ledger says is open was approved as
// it stands there: anybody who writes to the ledger can write "open", and what, and
// until when, and none of that is an approval. Plan, decisions and orders to
// extend come from the ledger; their signatures are verified, and the end is what
// they add up to. Errors are CodeEvidence, or those of reading the ledger.
func (t *Targets) VerifyGrant(ctx context.Context, g access.Grant) error {
	b, err := t.Ledger.PlanEnvelope(ctx, g.RequestID)
	if access.CodeOf(err) == access.CodeNotFound {
		return access.Errorf(access.CodeEvidence, "grant %s belongs to a request that was never submitted", g.Name)
	}
	if err != nil {
		return err
	}
	signed, err := evidence.ReadEnvelope(b)
	if err != nil {
		return access.Errorf(access.CodeEvidence, "the plan of grant %s is unreadable", g.Name)
	}
	return t.verifyGrantWithPlan(ctx, signed, g)
}

// verifyGrantWithPlan is VerifyGrant for a plan that is at hand.
func (t *Targets) verifyGrantWithPlan(ctx context.Context, signed evidence.Envelope, g access.Grant) error {
	proof, orders, err := t.signedProof(ctx, signed)
	if err != nil {
		return err
	}
	plan := proof.Plan
	planned, err := plan.Grant(g.Name, g.ExpiresAt)
	if err != nil {
		return err
	}
	latest := plan.LatestEnd(plan.EarliestStart(proof.SatisfiedAt), orders).Add(openWithin + access.ClockSkew)
	switch {
	case plan.RequestID != g.RequestID:
		return access.Errorf(access.CodeEvidence, "grant %s and its plan belong to different requests", g.Name)
	case proof.Tally != access.TallySatisfied:
		return access.Errorf(access.CodeEvidence, "grant %s is open in the ledger, and was not approved (%s)", g.Name, proof.Tally)
	case g.Target != planned.Target || g.Principal != planned.Principal || !sameJSON(g.Entitlement, planned.Entitlement):
		return access.Errorf(access.CodeEvidence, "grant %s is not in the ledger as it was approved", g.Name)
	case g.ExpiresAt.After(latest):
		return access.Errorf(access.CodeEvidence, "grant %s lasts until %s in the ledger, longer than was approved", g.Name, access.FormatTime(g.ExpiresAt))
	}
	return t.requirePasskeyApprovals(g.Target, proof)
}

// signedProof returns what a plan and the decisions that the ledger has of it prove,
// with its orders to extend.
func (t *Targets) signedProof(ctx context.Context, signed evidence.Envelope) (proof evidence.Authorized, orders []access.ExtensionOrder, err error) {
	plan, err := t.Keyring.VerifyPlan(signed)
	if err != nil {
		return proof, nil, err
	}
	decisions, orders, err := t.signedStatements(ctx, plan.RequestID)
	if err != nil {
		return proof, nil, err
	}
	proof, err = t.Keyring.Authorize(signed, decisions)
	return proof, orders, err
}

// signedStatements returns a request's decisions, not verified yet, and its orders
// to extend, verified. An order that no trusted key signed is left out: it makes
// access no longer.
func (t *Targets) signedStatements(ctx context.Context, requestID string) (decisions []evidence.Envelope, orders []access.ExtensionOrder, err error) {
	statements, err := t.Ledger.Statements(ctx, requestID)
	for _, b := range statements {
		e, err := evidence.ReadEnvelope(b)
		if err != nil {
			continue
		}
		switch e.PayloadType {
		case evidence.TypeDecision:
			decisions = append(decisions, e)
		case evidence.TypeExtension:
			if o, err := t.Keyring.VerifyExtension(e); err == nil {
				orders = append(orders, o)
			}
		}
	}
	return decisions, orders, err
}

// requirePasskeyApprovals requires that enough people approved with their own
// passkeys, where the target asks for it. Workers know from a file whose passkeys
// are whose, so this holds even against a captured server. Errors are CodeEvidence.
func (t *Targets) requirePasskeyApprovals(target string, proof evidence.Authorized) error {
	need := t.PasskeyApprovals[target]
	if need == 0 {
		return nil
	}
	if !proof.Plan.Rule.Passkey {
		return access.Errorf(access.CodeEvidence, "target %s opens only what was approved with passkeys (passkeyApprovals), and the plan wants none", target)
	}
	last := map[string]access.Decision{}
	for _, d := range proof.Counted {
		if who := d.Approver.HumanID(); !d.At.Before(last[who].At) {
			last[who] = d
		}
	}
	var people []access.Person // one human once, also with two accounts and two keys
	for _, who := range slices.Sorted(maps.Keys(last)) {
		d := last[who]
		if d.Verdict == access.Approve && d.Passkey != nil && !slices.ContainsFunc(people, d.Approver.SameHuman) {
			people = append(people, d.Approver)
		}
	}
	if signed := len(people); signed < need {
		return access.Errorf(access.CodeEvidence, "target %s opens only what %d people approved with passkeys (passkeyApprovals), and %d did", target, need, signed)
	}
	return nil
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
