package activities

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
)

// PlanLedger is where signed plans are kept.
type PlanLedger interface {
	PlanEnvelope(ctx context.Context, requestID string) ([]byte, error)
}

// signedPlan returns the plan that an input carries, or the one that it names, as the
// ledger keeps it. The digest binds it: neither somebody who writes to the ledger nor
// somebody who writes to Temporal can put another plan in its place. It verifies no
// signature. Errors are CodeEvidence where the ledger has no such plan, and those of
// reading the ledger.
func signedPlan(ctx context.Context, l PlanLedger, given evidence.Envelope, of *api.PlanRef) (evidence.Envelope, error) {
	if of == nil {
		return given, nil
	}
	b, err := l.PlanEnvelope(ctx, of.RequestID)
	if access.CodeOf(err) == access.CodeNotFound {
		return evidence.Envelope{}, access.Errorf(access.CodeEvidence, "the ledger has no plan of request %s", access.Clip(of.RequestID, 40))
	}
	if err != nil {
		return evidence.Envelope{}, err
	}
	signed, err := evidence.ReadEnvelope(b)
	if err != nil {
		return evidence.Envelope{}, err
	}
	plan, err := evidence.ReadPlan(signed)
	if err != nil {
		return evidence.Envelope{}, err
	}
	if plan.Digest != of.Digest || plan.RequestID != of.RequestID {
		return evidence.Envelope{}, access.Errorf(access.CodeEvidence, "the ledger's plan of request %s is not the one that the request was started with", access.Clip(of.RequestID, 40))
	}
	return signed, nil
}

// requestOf returns the request that an input claims to be about; "" if it says none.
func requestOf(given evidence.Envelope, of *api.PlanRef) string {
	if of != nil {
		return of.RequestID
	}
	plan, _ := evidence.ReadPlan(given) // what cannot be read is about no request
	return plan.RequestID
}

// requireDecided requires that statements have each decision that a workflow has, named
// by its digest. One that is missing may be what made the approval a shorter one.
// Errors are CodeEvidence.
func requireDecided(statements []evidence.Envelope, decided []string) error {
	var have []string
	for _, e := range statements {
		if digest, err := evidence.PayloadDigest(e); err == nil && e.PayloadType == evidence.TypeDecision {
			have = append(have, digest)
		}
	}
	for _, digest := range decided {
		if !slices.Contains(have, digest) {
			return access.Errorf(access.CodeEvidence, "the ledger lacks a decision that the request has: %s", access.Clip(digest, 80))
		}
	}
	return nil
}
