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
	want, _, err := t.find(ctx, g)
	if !errors.Is(err, integrations.ErrNotOpen) {
		// The expiry of a role that is there is left alone: this may be a retry that
		// an extension overtook.
		return err
	}
	return t.putRole(ctx, grantRole(g, want.policies))
}

// find returns what a grant gives and its role. It returns
// integrations.ErrNotOpen, with what it gives, if there is no role, and an error
// of code conflict if the role is not as it was granted.
func (t *target) find(ctx context.Context, g access.Grant) (want wanted, r role, err error) {
	if want, err = t.config.wanted(g.Entitlement); err != nil {
		return want, r, err
	}
	r, there, err := t.getRole(ctx, g.Name)
	if err == nil && !there {
		err = integrations.ErrNotOpen
	}
	if err == nil {
		err = r.sameAs(want.policies)
	}
	return want, r, err
}

// grantRole returns a grant's own role. Its limit is for tokens that somebody
// makes through it by hand; Ramp makes none.
func grantRole(g access.Grant, policies []string) role {
	return role{name: g.Name, policies: policies, expires: g.ExpiresAt, max: clock.Until(g.ExpiresAt).Truncate(time.Second)}
}
