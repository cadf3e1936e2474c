package terraform

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// maxDifferences bounds what is said of a drift.
const maxDifferences = 20

// Drift implements integrations.DriftDetector: whatever the program, having looked at
// everything again, would change.
func (t *target) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	w, err := t.decode(g.Entitlement)
	if err != nil {
		return nil, err
	}
	var found []string
	err = t.exclusive(ctx, g.Name, false, func(ctx context.Context) (err error) {
		found, err = t.drift(ctx, g, w)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (t *target) drift(ctx context.Context, g access.Grant, w wanted) ([]string, error) {
	r, m, err := t.openRecord(ctx, g, w)
	switch access.CodeOf(err) {
	case access.CodeNotFound:
		return nil, nil
	case access.CodeConflict:
		return []string{"its record is of another module, person or variables"}, nil
	}
	if err != nil {
		return nil, err
	}
	out := integrations.EndDrift("it ends at", r.ExpiresAt, g.ExpiresAt)
	x, err := t.reopen(ctx, r, m)
	if err != nil {
		return nil, err
	}
	p, err := x.plan(ctx)
	if err != nil {
		return nil, err
	}
	out = append(out, changes(p)...)
	if err := x.finish(ctx); err != nil {
		return nil, err
	}
	return out[:min(len(out), maxDifferences)], nil
}

// Restore implements integrations.DriftDetector. What the program would do to put a grant
// right was approved by nobody, and is planned on what somebody changed: a grant that has
// drifted is closed.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	differences, err := t.Drift(ctx, g)
	if err == nil && len(differences) > 0 {
		err = access.Errorf(access.CodeConflict, "%s; what would put it right was approved by nobody", access.Clip(strings.Join(differences, "; "), 400))
	}
	return err
}
