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
	leased, err := t.dropRoles(ctx, roles[grant])
	if err != nil {
		return err
	}
	// Only now, when no new token is made. One that is being made is found here, or
	// its pick-up finds that the grant's role is gone.
	leases, err := t.leases(ctx)
	if err != nil {
		return err
	}
	if err := t.revokeTokens(ctx, leases[grant]); err != nil {
		return err
	}
	return t.endLeases(ctx, leased)
}

// dropRoles deletes roles. Those whose token read a secret are left and returned: nothing
// else says which lease is the grant's, so they go when that is gone. Nothing is made through
// them meanwhile but by hand, and that ends with their tokens.
func (t *target) dropRoles(ctx context.Context, names []string) (leased []role, err error) {
	for _, name := range names {
		r, there, err := t.getRole(ctx, name)
		if err != nil {
			return nil, err
		}
		if there && r.lease != "" {
			leased = append(leased, r)
			continue
		}
		if err := t.dropRole(ctx, name); err != nil {
			return nil, err
		}
	}
	return leased, nil
}

// endLeases takes the secrets of roles back, each with its role. Vault ends a lease after
// its token too, but in its own queue, and gives up if the engine fails several times.
func (t *target) endLeases(ctx context.Context, leased []role) error {
	for _, r := range leased {
		if err := t.endLease(ctx, r.lease); err != nil {
			return err
		}
		if err := t.dropRole(ctx, r.name); err != nil {
			return err
		}
		if err := t.revokeTokens(ctx, []string{r.name}); err != nil {
			return err
		}
	}
	return nil
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

// undo revokes one token that must not be handed out, with the secret that it read, and
// deletes its role. It does so even if the caller has given up; if it fails, revoking the
// grant does it.
func (t *target) undo(ctx context.Context, tokenRole, lease string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if lease != "" {
		_ = t.revokeTokens(ctx, []string{tokenRole})
		if t.endLease(ctx, lease) != nil {
			return // the role says which lease it is
		}
	}
	_ = t.dropRole(ctx, tokenRole)
	_ = t.revokeTokens(ctx, []string{tokenRole})
}
