package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// AuditedEvidence is the evidence of one request for an auditor to read: what is signed
// apart from what is not.
type AuditedEvidence struct {
	Pack     evidence.Pack
	Contents evidence.PackContents // what those have signed who may make it
	Unsigned []evidence.Unsigned   // what nobody has who may
	// WorkersUnknown says that this server has no worker's key, so that what workers make
	// is among the contents unverified.
	WorkersUnknown bool
}

// AuditEvidence returns the evidence of any request; auditors only. Errors are CodeNotFound
// for a request that is not in the ledger, and CodeEvidence for one whose plan no server has
// signed.
func (e *evidencePacks) AuditEvidence(ctx context.Context, by access.Actor, id string) (out AuditedEvidence, err error) {
	if err := e.log.requireAuditor(ctx, by); err != nil {
		return out, err
	}
	if out.Pack, err = e.Evidence(ctx, by.Person, id); err != nil {
		return out, err
	}
	out.WorkersUnknown = e.workers.Empty()
	out.Contents, out.Unsigned, err = out.Pack.SignedContents(e.servers, e.workers)
	return out, err
}
