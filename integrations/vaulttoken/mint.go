package vaulttoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

const (
	// margin is how much earlier than its grant a token ends, so that the time
	// the call takes, which comes before Vault counts, does not come on top. A
	// Vault that is slower gets one more try with patience instead.
	margin   = 500 * time.Millisecond
	patience = 3 * time.Second
	// shortest is the least life that is worth a token. Below it, whole seconds
	// would round a role's limit to zero, which to Vault is none.
	shortest = 3 * time.Second
)

// errSlow: how long the call took leaves open when the token ends.
var errSlow = access.Errorf(access.CodeUnavailable, "Vault was too slow: the token might outlive its grant, and was taken back")

// Mint implements integrations.Minter: a fresh orphan token for what is left of
// the grant. Errors are of code not_found (nothing is open), conflict (on other
// terms, or revoked meanwhile), invalid, unavailable (also if Vault is too slow
// to say when the token ends).
func (t *target) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none access.Credential
	policies, err := t.begin(g)
	if err != nil {
		return none, err
	}
	granted, there, err := t.getRole(ctx, g.Name)
	if err != nil {
		return none, err
	}
	if !there {
		return none, notOpen()
	}
	if err := granted.same(policies); err != nil {
		return none, err
	}
	ends := end(g)
	if granted.expires.Before(ends) {
		ends = granted.expires
	}
	if clock.Until(ends) < shortest {
		return none, expired()
	}
	token, err := t.mint(ctx, g, role{name: newTokenRole(g.Name), policies: policies, expires: ends}, margin)
	if errors.Is(err, errSlow) && clock.Until(ends) > shortest+patience {
		token, err = t.mint(ctx, g, role{name: newTokenRole(g.Name), policies: policies, expires: ends}, patience)
	}
	if err != nil {
		return none, err
	}
	return t.credential(token, policies, ends), nil
}

// mint makes a token and its role. If it fails, it takes back what it made.
func (t *target) mint(ctx context.Context, g access.Grant, r role, margin time.Duration) (token string, err error) {
	defer func() {
		if err != nil {
			t.undo(ctx, r.name)
		}
	}()
	// Generous until the token is there, so that the limit never shortens it.
	// Nobody can renew a token that was not handed out.
	r.max = clock.Until(r.expires).Truncate(time.Second) + 2*time.Second
	if err := t.putRole(ctx, role{name: r.name, policies: r.policies, max: r.max}); err != nil {
		return "", err
	}
	ttl := (clock.Until(r.expires) - margin).Truncate(time.Millisecond)
	secret, err := t.vault.write(ctx, createPath+"/"+r.name, map[string]any{
		"ttl": fmt.Sprintf("%dms", ttl.Milliseconds()), "display_name": g.Name,
		"meta": map[string]string{"ramp_request": g.RequestID, "ramp_principal": g.Principal,
			"ramp_expires": r.expires.Format(time.RFC3339)},
	})
	now := clock.Now() // the token is older than this
	if err != nil {
		return "", t.orRevoked(ctx, g.Name, err)
	}
	if err := checkToken(secret, r.policies, ttl); err != nil {
		return "", err
	}
	left := r.expires.Sub(now)
	if left < ttl {
		return "", errSlow
	}
	// From here on the limit is exact, whoever renews the token: its age is at
	// most what is left. The second less is how far Vault rounds.
	r.max, r.accessor = left.Truncate(time.Second)-time.Second, secret.Auth.Accessor
	if r.max < time.Second {
		return "", expired()
	}
	if err := t.putRole(ctx, r); err != nil {
		return "", err
	}
	// Last, because revoking takes the grant's role first: either it is gone
	// here, or revoking finds this token.
	if _, there, err := t.getRole(ctx, g.Name); err != nil || !there {
		return "", t.orRevoked(ctx, g.Name, err)
	}
	return secret.Auth.ClientToken, nil
}

// orRevoked says conflict in place of err if the grant is gone, which then is
// the reason.
func (t *target) orRevoked(ctx context.Context, grant string, err error) error {
	if err != nil && access.CodeOf(err) != access.CodeInvalid {
		return err
	}
	if _, there, again := t.getRole(ctx, grant); again != nil || there {
		return err
	}
	return access.Errorf(access.CodeConflict, "the grant was revoked meanwhile")
}

// checkToken compares what Vault made with what was asked for.
func checkToken(secret *api.Secret, policies []string, ttl time.Duration) error {
	if secret == nil || secret.Auth == nil || secret.Auth.ClientToken == "" || secret.Auth.Accessor == "" {
		return unexpected("write", createPath)
	}
	a := secret.Auth
	if got := slices.Sorted(slices.Values(a.Policies)); !slices.Equal(got, policies) || len(a.IdentityPolicies) > 0 {
		return access.Errorf(access.CodeConflict, "Vault made a token with policies %s instead of %s; it was taken back",
			strings.Join(got, ", "), strings.Join(policies, ", "))
	}
	if !a.Orphan || time.Duration(a.LeaseDuration)*time.Second > ttl || a.LeaseDuration <= 0 {
		return access.Errorf(access.CodeConflict, "Vault made a token with a life of its own; it was taken back")
	}
	return nil
}

// credential is what the requester's client gets.
func (t *target) credential(token string, policies []string, ends time.Time) access.Credential {
	env := map[string]string{"VAULT_ADDR": t.config.Address, "VAULT_TOKEN": token}
	if t.config.Namespace != "" {
		env["VAULT_NAMESPACE"] = t.config.Namespace
	}
	if t.authorities != "" {
		env["VAULT_CACERT_BYTES"] = t.authorities
	}
	return access.Credential{
		Kind: "vault", Env: env, ExpiresAt: ends,
		Hint: "vault kv get …: VAULT_ADDR and VAULT_TOKEN are set, with " + access.Clip(strings.Join(policies, ", "), 80),
	}
}
