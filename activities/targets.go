package activities

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/ledger"
)

// GrantLedger is what Targets needs of the ledger: the grants that may exist.
type GrantLedger interface {
	IntendGrant(ctx context.Context, g access.Grant, at time.Time) error
	MarkOpened(ctx context.Context, name string, at time.Time, steps ...access.Transition) error
	MarkExtended(ctx context.Context, name string, expiresAt time.Time) error
	MarkClosed(ctx context.Context, name string, at time.Time) error
	Grants(ctx context.Context, f ledger.GrantFilter) ([]ledger.GrantRecord, error)
	Advance(ctx context.Context, a access.Transition) error
	AppendEvent(ctx context.Context, e access.Event) error
	AddStatement(ctx context.Context, s access.Statement) error
	PlanEnvelope(ctx context.Context, requestID string) ([]byte, error)
	Statements(ctx context.Context, requestID string) ([][]byte, error)
}

// Targets runs where the targets' credentials are. Whatever a workflow asks, it
// opens only what signed evidence proves, and writes the ledger first.
type Targets struct {
	Broker  *integrations.Broker
	Ledger  GrantLedger
	Keyring evidence.Keyring
	Signer  *evidence.Signer // signs receipts with the worker's own key; nil: none are kept
	Now     func() time.Time // nil: the real clock
	// PasskeyApprovals are the targets of which nothing opens but by approvals with
	// passkeys, and by how many people's, whatever contract a plan says it was made
	// under: whether a contract wants them is the server's word.
	PasskeyApprovals map[string]int
	// ObserveLag is told how long after its end a grant was proven gone; may be nil.
	ObserveLag func(target string, after time.Duration)
	// Directory is asked again before anything opens; nil: nobody knows more
	// than what was signed.
	Directory access.Directory
}

// openWithin is how long after its approval (or its planned start) a plan may
// still be opened. It bounds what a replayed approval is worth (CASES 10).
const openWithin = 10 * time.Minute

func (t *Targets) now() time.Time {
	if t.Now != nil {
		return t.Now().UTC()
	}
	return clock.Now().UTC()
}

// ResolveScopes derives scopes; it changes nothing.
func (t *Targets) ResolveScopes(ctx context.Context, in api.ResolveScopesInput) (api.ResolveScopesResult, error) {
	out := api.ResolveScopesResult{}
	for _, e := range in.Entitlements {
		s, err := t.Broker.Resolve(ctx, in.Target, e)
		if err != nil {
			return out, api.ToTemporal(err)
		}
		out.Scopes = append(out.Scopes, s)
	}
	return out, nil
}

// OpenGrant opens one grant of a plan whose evidence it has verified. Idempotent by
// the grant's name; a grant that was closed is never opened again.
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
	if err := t.storeOpenedReceipt(ctx, g); err != nil {
		return api.OpenGrantResult{}, err
	}
	now := t.now()
	var steps []access.Transition
	if in.OnlyGrant {
		steps = append(steps, access.Activation(g.RequestID, now, g.ExpiresAt))
	}
	return api.OpenGrantResult{EndingBound: bounds.Ending}, t.Ledger.MarkOpened(ctx, g.Name, now, steps...)
}

// authorizeGrant derives the grant from signed statements alone. Only its end comes
// from the workflow, and may not lie beyond what was approved.
func (t *Targets) authorizeGrant(ctx context.Context, in api.OpenGrantInput) (access.Grant, error) {
	proof, err := t.Keyring.Authorize(in.Plan, in.Decisions)
	if err != nil {
		return access.Grant{}, err
	}
	if proof, err = t.applyDirectory(ctx, proof); err != nil {
		return access.Grant{}, err
	}
	if proof.Outcome != access.DecisionsSatisfied {
		return access.Grant{}, access.Errorf(access.CodeEvidence, "the decisions do not satisfy the plan's rule (%s)", proof.Outcome)
	}
	start := proof.SatisfiedAt
	if at := proof.Plan.StartAt; at != nil && at.After(start) {
		start = *at
		if t.now().Before(start.Add(-time.Second)) {
			return access.Grant{}, access.Errorf(access.CodeEvidence, "the plan starts at %s", start.Format(time.RFC3339))
		}
	}
	if latest := start.Add(openWithin + proof.Plan.Duration.Std()); in.ExpiresAt.After(latest) {
		return access.Grant{}, access.Errorf(access.CodeEvidence, "access until %s is longer than what was approved", in.ExpiresAt.Format(time.RFC3339))
	}
	// The workflow's word for "now" is not taken: whatever it says, access is
	// no longer than approved, give or take a second of clock.
	if in.ExpiresAt.After(t.now().Add(proof.Plan.Duration.Std() + access.ClockSkew)) {
		return access.Grant{}, access.Errorf(access.CodeEvidence, "access until %s is longer than what was approved", in.ExpiresAt.Format(time.RFC3339))
	}
	g, err := plannedGrant(proof.Plan, in.Grant, in.ExpiresAt)
	if err == nil {
		err = t.requirePasskeyApprovals(g.Target, proof)
	}
	return g, err
}

// applyDirectory counts again with what the directory says now: nothing opens for
// somebody who has left, nor by an approval of somebody who may no longer give
// it (CASES 6).
func (t *Targets) applyDirectory(ctx context.Context, proof evidence.Authorized) (evidence.Authorized, error) {
	roll, err := directorySnapshot(ctx, t.Directory, proof)
	if err != nil {
		return proof, err
	}
	if _, err := roll.Restrict(proof.Plan.Requester); err != nil {
		return proof, err
	}
	return proof.Recount(roll), nil
}

func plannedGrant(plan access.Plan, name string, expires time.Time) (access.Grant, error) {
	for _, p := range plan.Grants {
		if p.Name == name {
			return access.Grant{Name: p.Name, RequestID: plan.RequestID, Target: p.Target, Principal: plan.Principal,
				Entitlement: p.Entitlement, ExpiresAt: expires.UTC()}, nil
		}
	}
	return access.Grant{}, access.Errorf(access.CodeEvidence, "the plan has no grant %q", access.Clip(name, 60))
}

// grantRow finds one grant in the ledger.
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
