package vaulttoken

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
)

// Extend implements integrations.Extender. Tokens that were picked up before go
// on, until up to three seconds before the new end.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	want, r, err := t.find(ctx, g)
	if err != nil || r.expires.After(g.ExpiresAt) {
		return err
	}
	// The grant's own role comes first, so that tokens made from now on have the
	// new end.
	if err := t.putRole(ctx, grantRole(g, want.policies)); err != nil {
		return err
	}
	roles, err := t.roles(ctx)
	if err != nil {
		return err
	}
	for _, name := range roles[g.Name] {
		if name == g.Name {
			continue
		}
		if err := t.extendToken(ctx, name, g.ExpiresAt); err != nil {
			return err
		}
	}
	// A revoke that ran meanwhile may have missed what was written since.
	if _, there, err := t.getRole(ctx, g.Name); err != nil || there {
		return err
	}
	if err := t.revoke(ctx, g.Name); err != nil {
		return err
	}
	return integrations.ErrNotOpen
}

// extendToken moves the end of one token, which is written on the token's role.
// It can be repeated, however far it got before.
func (t *target) extendToken(ctx context.Context, name string, to time.Time) error {
	r, there, err := t.getRole(ctx, name)
	if err != nil || !there || r.accessor == "" {
		return err // a token whose role names no accessor was never handed out
	}
	if n, err := t.count(ctx, []string{name}); err != nil || n == 0 {
		return err // it has ended
	}
	if to.After(r.expires) {
		// The difference is added, so that neither the token's age nor Vault's clock
		// matters.
		r.max += to.Sub(r.expires)
		r.expires = to
		if err := t.putRole(ctx, r); err != nil {
			return err
		}
	}
	err = t.vault.write(ctx, "auth/token/renew-accessor", map[string]any{
		"accessor": r.accessor, "increment": int64(clock.Until(to) / time.Second),
	}, nil)
	if code := access.CodeOf(err); code == access.CodeInvalid || code == access.CodeForbidden {
		// Vault responds so for a token that has ended, too.
		if n, err := t.count(ctx, []string{name}); err != nil || n == 0 {
			return err
		}
	}
	if err != nil || r.lease == "" {
		return err
	}
	return t.extendLease(ctx, r.lease, to)
}
