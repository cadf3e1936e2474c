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

// VerifyGrant verifies that a grant which the ledger says is open may be open as it
// stands there: anybody who writes to the ledger can write "open", and what, and until
// when, and none of that is an approval. Everything that was signed comes from the
// ledger, and its signatures are verified. Errors are CodeEvidence for a grant that
// was not approved so, CodeConflict for one that somebody has ended or denied, or
// those of reading the ledger.
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
	proof, err := t.authorize(ctx, signed)
	if err != nil {
		return err
	}
	return t.verifyGrant(proof, g)
}

// verifyGrant is VerifyGrant for a proof that is at hand.
func (t *Targets) verifyGrant(proof evidence.Authorized, g access.Grant) error {
	planned, err := proof.Plan.Grant(g.Name, g.ExpiresAt)
	if err != nil {
		return err
	}
	switch {
	case proof.Plan.RequestID != g.RequestID:
		return access.Errorf(access.CodeEvidence, "grant %s and its plan belong to different requests", g.Name)
	case g.Target != planned.Target || g.Principal != planned.Principal || !sameJSON(g.Entitlement, planned.Entitlement):
		return access.Errorf(access.CodeEvidence, "grant %s is not in the ledger as it was approved", g.Name)
	}
	if err := proof.Term(g.Name).AllowsOpen(g.ExpiresAt); err != nil {
		return access.Errorf(access.CodeOf(err), "grant %s: %w", g.Name, err)
	}
	return t.requirePasskeyApprovals(g.Target, proof)
}

// authorize verifies a plan with everything that was signed about its request: what
// the caller gives, and what the ledger has. The caller may leave a denial out, or an
// order to end; somebody who writes to the ledger may, too: not both at once.
func (t *Targets) authorize(ctx context.Context, plan evidence.Envelope, given ...evidence.Envelope) (evidence.Authorized, error) {
	return t.authorizeDecided(ctx, plan, nil, given...)
}

// authorizeDecided is authorize with decisions that the caller names by their digests:
// each of them must be there.
func (t *Targets) authorizeDecided(ctx context.Context, plan evidence.Envelope, decided []string, given ...evidence.Envelope) (evidence.Authorized, error) {
	p, err := t.Keyring.VerifyPlan(plan)
	if err != nil {
		return evidence.Authorized{}, err
	}
	stored, err := t.Ledger.Statements(ctx, p.RequestID)
	if err != nil {
		return evidence.Authorized{}, err
	}
	for _, b := range stored {
		if e, err := evidence.ReadEnvelope(b); err == nil {
			given = append(given, e)
		}
	}
	if err := requireDecided(given, decided); err != nil {
		return evidence.Authorized{}, err
	}
	return t.Keyring.AuthorizeRequest(plan, given, t.Workers)
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
