package vaulttoken

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// Extend implements integrations.Extender. Tokens that were picked up before go
// on, up to three seconds short of the new end. An earlier end than the one that
// stands changes nothing: it is an older extension that arrives late. Errors are
// also of code not_found (nothing is open) and conflict (changed by hand).
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	policies, err := t.begin(g)
	if err != nil {
		return err
	}
	r, there, err := t.getRole(ctx, g.Name)
	if err != nil {
		return err
	}
	if !there {
		return notOpen()
	}
	if err := r.same(policies); err != nil || r.expires.After(end(g)) {
		return err
	}
	// First, so that tokens made from now on have the new end.
	if err := t.putRole(ctx, grantRole(g, policies)); err != nil {
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
		if err := t.extendToken(ctx, name, end(g)); err != nil {
			return err
		}
	}
	// A revoke that overtook this may have missed what was written since.
	if _, there, err := t.getRole(ctx, g.Name); err != nil || there {
		return err
	}
	if err := t.revoke(ctx, g.Name); err != nil {
		return err
	}
	return notOpen()
}

// extendToken moves the end of one token, which is on its role. Doing it again
// is right, whatever came through the first time.
func (t *target) extendToken(ctx context.Context, name string, to time.Time) error {
	r, there, err := t.getRole(ctx, name)
	if err != nil || !there || r.accessor == "" {
		return err // without an accessor it was never handed out
	}
	if n, err := t.count(ctx, []string{name}); err != nil || n == 0 {
		return err // it has ended
	}
	if to.After(r.expires) {
		// The token's age stays out of it, and with it Vault's clock.
		r.max += to.Sub(r.expires)
		r.expires = to
		if err := t.putRole(ctx, r); err != nil {
			return err
		}
	}
	_, err = t.vault.write(ctx, "auth/token/renew-accessor", map[string]any{
		"accessor": r.accessor, "increment": int64(clock.Until(to) / time.Second),
	})
	if code := access.CodeOf(err); code == access.CodeInvalid || code == access.CodeForbidden {
		// Vault says so of tokens that are gone, but not only of them.
		if n, err := t.count(ctx, []string{name}); err != nil || n == 0 {
			return err
		}
	}
	return err
}
