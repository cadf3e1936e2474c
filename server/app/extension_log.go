package app

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// checkExtensionLog verifies the log since the plan was made, and that it records no
// decision on the extension that is asked for but those that are here. No workflow knows
// these decisions: without the log, somebody who writes to the ledger's database alone could
// take a denial away (docs/threats.md, case 95). Errors are CodeEvidence, or those of
// reading the log.
func (a *auditor) checkExtensionLog(ctx context.Context, plan access.Plan, asked access.Asked) error {
	here := make([]string, 0, len(asked.Decisions))
	for _, d := range asked.Decisions {
		here = append(here, access.KeyExtensionDecision(d))
	}
	_, err := a.eventsSince(ctx, plan, func(leaf int64, e access.Event) error {
		on := e.Kind == access.EventExtensionDecided && e.Detail["orderDigest"] == asked.Order.Digest
		if on && !slices.Contains(here, e.Key) {
			return access.Errorf(access.CodeEvidence, "event %d of the log records a decision of %s on this extension, and the signed decision is missing from the ledger", leaf+1, e.Actor)
		}
		return nil
	})
	return err
}

// eventsSince verifies the log since a plan was made, and that it goes on from what was
// signed before. Each event of the plan's request is passed to see before the result is
// known. It returns how many events the log has. Errors are CodeEvidence, or those of
// reading the log and of see.
func (a *auditor) eventsSince(ctx context.Context, plan access.Plan, see func(leaf int64, e access.Event) error) (size int64, err error) {
	at, _, err := a.checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	return at.Size, evidence.VerifyLogFrom(ctx, a.keys, at, plan.LogSize, leaves{a.ledger}, a.ledger.HashReader(ctx), func(leaf int64, e access.Event) error {
		switch {
		case e.RequestID != plan.RequestID:
			return nil
		case e.Dropped != nil: // of a request that is under way no policy drops anything
			return access.Errorf(access.CodeEvidence, "the body of event %d of the log, which is about this request, is gone", leaf+1)
		}
		return see(leaf, e)
	})
}
