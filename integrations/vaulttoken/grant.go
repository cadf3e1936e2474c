package vaulttoken

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// Grant implements integrations.Target. One that stands for something else is
// refused (conflict). The expiry of one that is there is left alone: this may be
// a retry that an extension overtook.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	policies, err := t.begin(g)
	if err != nil {
		return err
	}
	r, there, err := t.getRole(ctx, g.Name)
	if err != nil {
		return err
	}
	if there {
		return r.same(policies)
	}
	return t.putRole(ctx, grantRole(g, policies))
}

// begin checks a grant that is to be changed.
func (t *target) begin(g access.Grant) (policies []string, err error) {
	if err := checkName(g.Name); err != nil {
		return nil, err
	}
	if policies, err = t.config.policiesOf(g.Entitlement); err != nil {
		return nil, err
	}
	if clock.Until(end(g)) < time.Second {
		return nil, expired()
	}
	return policies, nil
}

// grantRole is a grant as Vault has it. Its limit is for tokens that somebody
// makes through it by hand; Ramp makes none.
func grantRole(g access.Grant, policies []string) role {
	return role{name: g.Name, policies: policies, expires: end(g), max: clock.Until(end(g)).Truncate(time.Second)}
}

func end(g access.Grant) time.Time { return g.ExpiresAt.UTC().Truncate(time.Second) }

func expired() error {
	return access.Invalid(access.Issue{Code: "expired", Field: "expiresAt", Message: "the grant has already expired"})
}
