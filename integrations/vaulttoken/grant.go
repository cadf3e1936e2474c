package vaulttoken

import (
	"context"
	"errors"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
)

// Grant implements integrations.Target. Errors are also of code conflict: the
// grant is open on other terms.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	policies, _, err := t.find(ctx, g)
	if !errors.Is(err, integrations.ErrNotOpen) {
		// The expiry of a role that is there is left alone: this may be a retry that
		// an extension overtook.
		return err
	}
	return t.putRole(ctx, grantRole(g, policies))
}

// find returns a grant's policies and its role. It returns
// integrations.ErrNotOpen, with the policies, if there is no role, and an error
// of code conflict if the role is not as it was granted.
func (t *target) find(ctx context.Context, g access.Grant) (policies []string, r role, err error) {
	if policies, err = t.config.policiesOf(g.Entitlement); err != nil {
		return nil, r, err
	}
	r, there, err := t.getRole(ctx, g.Name)
	if err == nil && !there {
		err = integrations.ErrNotOpen
	}
	if err == nil {
		err = r.sameAs(policies)
	}
	return policies, r, err
}

// grantRole returns a grant's own role. Its limit is for tokens that somebody
// makes through it by hand; Ramp makes none.
func grantRole(g access.Grant, policies []string) role {
	return role{name: g.Name, policies: policies, expires: g.ExpiresAt, max: clock.Until(g.ExpiresAt).Truncate(time.Second)}
}
