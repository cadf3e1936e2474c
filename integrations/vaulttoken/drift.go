package vaulttoken

import (
	"context"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.DriftDetector = (*target)(nil)

// Drift implements integrations.DriftDetector: the grant's role, the roles of its
// tokens, and tokens that nobody picked up through Ramp.
func (t *target) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	want, err := t.config.wanted(g.Entitlement)
	if err != nil {
		return nil, err
	}
	own, there, err := t.getRole(ctx, g.Name)
	if err != nil || !there {
		return nil, err
	}
	out := own.differences(want.policies, g.ExpiresAt)
	if own.expires.IsZero() {
		out = append(out, "its role does not say when it ends")
	}
	if n, err := t.count(ctx, []string{g.Name}); err != nil {
		return nil, err
	} else if n > 0 {
		out = append(out, "tokens were made through its role by hand")
	}
	wrong, err := t.wrongTokens(ctx, g, want.policies)
	if err == nil && len(wrong) > 0 {
		out = append(out, "roles of its tokens were changed or used by hand: "+strings.Join(wrong, ", "))
	}
	return out, err
}

// wrongTokens returns the roles of picked-up tokens that are not as Ramp made them.
func (t *target) wrongTokens(ctx context.Context, g access.Grant, policies []string) (wrong []string, err error) {
	roles, err := t.roles(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range roles[g.Name] {
		if name == g.Name {
			continue
		}
		r, there, err := t.getRole(ctx, name)
		if err != nil {
			return nil, err
		}
		n, err := t.count(ctx, []string{name})
		if err != nil {
			return nil, err
		}
		if there && (n > 1 || len(r.differences(policies, g.ExpiresAt)) > 0) {
			wrong = append(wrong, name)
		}
	}
	return wrong, nil
}

// differences returns how a role is more, or other, than what was granted.
func (r role) differences(policies []string, ends time.Time) (out []string) {
	if !slices.Equal(r.policies, policies) {
		out = append(out, "it gives the policies "+strings.Join(r.policies, ", ")+" instead of "+strings.Join(policies, ", "))
	}
	if r.foreign != "" {
		out = append(out, "its "+r.foreign+" was changed")
	}
	if r.max == 0 {
		out = append(out, "its tokens have no longest life")
	}
	return append(out, integrations.EndDrift("it ends at", r.expires, ends)...)
}

// Restore implements integrations.DriftDetector. It revokes tokens that may carry
// more than was granted; those that were picked up through Ramp stay. If a revoke
// runs meanwhile, the role that is written here is left over; the caller looks
// for that.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	want, err := t.config.wanted(g.Entitlement)
	if err != nil {
		return err
	}
	own, there, err := t.getRole(ctx, g.Name)
	if err != nil || !there {
		return err
	}
	if len(own.differences(want.policies, g.ExpiresAt)) > 0 || own.expires.IsZero() {
		g.ExpiresAt = integrations.RestoredEnd(own.expires, g.ExpiresAt)
		// A write keeps the fields that it leaves out, so a role with fields that
		// Ramp never writes is deleted first.
		if own.foreign != "" {
			if err := t.dropRole(ctx, g.Name); err != nil {
				return err
			}
		}
		if err := t.putRole(ctx, grantRole(g, want.policies)); err != nil {
			return err
		}
	}
	wrong, err := t.wrongTokens(ctx, g, want.policies)
	if err != nil {
		return err
	}
	leased, err := t.dropRoles(ctx, wrong)
	if err == nil {
		err = t.revokeTokens(ctx, append(wrong, g.Name))
	}
	if err == nil {
		err = t.endLeases(ctx, leased)
	}
	return retryable(err)
}
