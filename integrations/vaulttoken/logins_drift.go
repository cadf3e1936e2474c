package vaulttoken

import (
	"context"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.DriftDetector = (*logins)(nil)

// Drift implements integrations.DriftDetector: the grant's group, and whether its member is
// the person still.
func (t *logins) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	has, there, err := t.vault.group(ctx, g.Name)
	if err != nil || !there {
		return nil, err
	}
	want, err := t.wanted(ctx, g)
	if access.CodeOf(err) == access.CodeInvalid {
		return []string{err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	return has.differences(want), nil
}

// differences returns how a group is more, or other, than what was granted.
func (g group) differences(want group) (out []string) {
	if !slices.Equal(g.policies, want.policies) {
		out = append(out, "its group gives the policies "+strings.Join(g.policies, ", ")+" instead of "+strings.Join(want.policies, ", "))
	}
	if !slices.Equal(g.members, want.members) {
		out = append(out, "its group has the members "+strings.Join(g.members, ", ")+" instead of "+strings.Join(want.members, ", "))
	}
	if g.foreign != "" {
		out = append(out, "its group has what Ramp never writes: "+g.foreign)
	}
	if g.expires.IsZero() {
		out = append(out, "its group does not say when it ends")
	}
	return append(out, integrations.EndDrift("its group says that it ends at", g.expires, want.expires)...)
}

// Restore implements integrations.DriftDetector. A group with what Ramp never writes is
// deleted first, because a write keeps the fields that it leaves out; the person is without
// the policies for that moment. If a revoke runs meanwhile, the group that is written here is
// left over; the caller looks for that. Errors are of code conflict if the person's identity
// is gone.
func (t *logins) Restore(ctx context.Context, g access.Grant) error {
	has, there, err := t.vault.group(ctx, g.Name)
	if err != nil || !there {
		return err
	}
	want, err := t.wanted(ctx, g)
	if access.CodeOf(err) == access.CodeInvalid {
		return access.Errorf(access.CodeConflict, "the grant cannot be put right: %w", err)
	}
	if err != nil || len(has.differences(want)) == 0 {
		return err
	}
	if has.foreign != "" {
		if err := t.Revoke(ctx, g); err != nil {
			return err
		}
	}
	want.expires = integrations.RestoredEnd(has.expires, g.ExpiresAt)
	return t.vault.putGroup(ctx, g.Name, want)
}
