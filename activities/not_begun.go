package activities

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// neverBegun reports whether a server has signed that a grant was never begun. It decides
// only where this worker cannot start the target, and so cannot look: what a target shows
// comes before what anybody signed. What the workflow says counts for nothing here: anybody
// who writes to Temporal can ask for any closing (docs/threats.md, case 156). A grant that
// the ledger has a row of was begun.
func (t *Targets) neverBegun(ctx context.Context, g access.Grant) bool {
	if _, err := t.grantRow(ctx, g.RequestID, g.Name); access.CodeOf(err) != access.CodeNotFound {
		return false
	}
	stored, err := t.Ledger.Statements(ctx, g.RequestID)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(stored, func(b []byte) bool {
		e, err := evidence.ReadEnvelope(b)
		if err != nil || e.PayloadType != evidence.TypeNotBegun {
			return false
		}
		n, err := t.Keyring.VerifyNotBegun(e)
		return err == nil && n.RequestID == g.RequestID && n.Grant == g.Name && n.Target == g.Target
	})
}
