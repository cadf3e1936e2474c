package vaulttoken

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// settle is how long Revoke waits for tokens that another revoke is at.
const settle = 5 * time.Second

// Revoke implements integrations.Target. The steps are in this order so that a
// crash after any of them leaves something that List finds, and running all of
// them again is right: the grant's role goes first, which every pick-up looks for
// last. Errors are of code unavailable while Vault still has a token.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	if err := checkName(g.Name); err != nil {
		return err
	}
	return retryable(t.revoke(ctx, g.Name))
}

func (t *target) revoke(ctx context.Context, grant string) error {
	if err := t.dropRole(ctx, grant); err != nil {
		return err
	}
	roles, err := t.roles(ctx)
	if err != nil {
		return err
	}
	for _, name := range roles[grant] {
		if err := t.dropRole(ctx, name); err != nil {
			return err
		}
	}
	// Only now, when nothing new is made. What was being made is seen here, or by
	// its own pick-up.
	leases, err := t.leases(ctx)
	if err != nil {
		return err
	}
	return t.revokeTokens(ctx, leases[grant])
}

// revokeTokens ends all tokens made through roles, with the tokens that those
// made, and waits until they are gone.
func (t *target) revokeTokens(ctx context.Context, roles []string) error {
	for _, name := range roles {
		// In step with Vault, so that a failure is told.
		if _, err := t.vault.write(ctx, revokePath+"/"+name, map[string]any{"sync": true}); err != nil {
			return err
		}
	}
	for deadline := time.Now().Add(settle); ; {
		n, err := t.count(ctx, roles)
		if err != nil || n == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return access.Errorf(access.CodeUnavailable, "Vault still has %d of the grant's tokens", n)
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "Vault still has %d of the grant's tokens: %w", n, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// undo takes back one token that must not be handed out, and its role. It is
// tried even if the caller is gone; what it cannot do is left to revoking.
func (t *target) undo(ctx context.Context, tokenRole string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	_ = t.dropRole(ctx, tokenRole)
	_ = t.revokeTokens(ctx, []string{tokenRole})
}
