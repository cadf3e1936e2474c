package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// AuditEvidence returns the evidence pack of any request; auditors only. Errors are
// CodeNotFound for a request that is not in the ledger.
func (e *evidencePacks) AuditEvidence(ctx context.Context, by access.Actor, id string) (evidence.Pack, error) {
	if err := e.log.requireAuditor(ctx, by); err != nil {
		return evidence.Pack{}, err
	}
	return e.Evidence(ctx, by.Person, id)
}
