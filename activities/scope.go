package activities

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
)

// verifyScope refuses a grant that would give something else than its plan shows:
// what the entitlement means was told by whichever worker answered the server,
// which may have been anybody's, or this target's configuration has changed since.
// People approved what they saw (docs/threats.md, case 52). Errors are CodeEvidence
// with the issue scope_changed, and those of the target's Resolve.
func (t *Targets) verifyScope(ctx context.Context, plan access.Plan, g access.Grant) error {
	own, err := t.Broker.Resolve(ctx, g.Target, g.Entitlement)
	if err != nil {
		return err
	}
	for _, p := range plan.Grants {
		if p.Name != g.Name {
			continue
		}
		if differ := p.Scope.Differences(own); len(differ) > 0 {
			t.keepSoon(ctx, g.Target, g.Entitlement, own) // the next request is asked for what it is now
			return access.Refuse(access.CodeEvidence, access.IssueScopeChanged,
				"grant %s is not what was approved: %s; make a new request", g.Name, access.Clip(strings.Join(differ, "; "), 600))
		}
		return nil
	}
	return access.Errorf(access.CodeEvidence, "the plan has no grant %q", access.Clip(g.Name, 60))
}
