package vaulttoken

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// undoTimeout bounds taking back a token that was not handed out.
const undoTimeout = 10 * time.Second

// revokeTimeout is how long Revoke waits for tokens that another revoke is ending.
const revokeTimeout = 5 * time.Second

// Revoke implements integrations.Target. It deletes the grant's role first, which
// every pick-up looks for last. A crash after any step leaves something that List
// finds, and running all steps again is right. Errors are of code unavailable
// while Vault still has a token.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
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
	// Only now, when no new token is made. One that is being made is found here, or
	// its pick-up finds that the grant's role is gone.
	leases, err := t.leases(ctx)
	if err != nil {
		return err
	}
	return t.revokeTokens(ctx, leases[grant])
}

// revokeTokens revokes all tokens that were made through roles, with the tokens
// that those made, and waits until they are gone.
func (t *target) revokeTokens(ctx context.Context, roles []string) error {
	for _, name := range roles {
		// sync: Vault responds when it is done, and so reports a failure.
		if err := t.vault.write(ctx, revokePath+"/"+name, map[string]any{"sync": true}, nil); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	return integrations.AwaitGone(ctx, "of the grant's tokens", 50*time.Millisecond, func() (int, error) { return t.count(ctx, roles) })
}

// undo revokes one token that must not be handed out, and deletes its role. It
// does so even if the caller has given up; if it fails, revoking the grant does it.
func (t *target) undo(ctx context.Context, tokenRole string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	_ = t.dropRole(ctx, tokenRole)
	_ = t.revokeTokens(ctx, []string{tokenRole})
}
