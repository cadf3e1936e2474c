package vaulttoken

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
)

const (
	// margin is how much earlier than its grant a token ends. Vault counts from the
	// moment that it makes the token, so the time that the call takes comes on top.
	// If Vault is slower than margin, Ramp tries once more with patience instead.
	margin   = 500 * time.Millisecond
	patience = 3 * time.Second
	// shortest is the shortest life of a token. Below it, a role's limit in whole
	// seconds could round to zero, which to Vault means no limit.
	shortest = 3 * time.Second
)

// errSlow says that the call took so long that the token may end too late.
var errSlow = access.Errorf(access.CodeUnavailable, "Vault was too slow: the token might outlive its grant, so it was revoked")

// Mint implements integrations.Minter. The credential is a fresh orphan token that
// ends with the grant. Errors are also of code unavailable if Vault is too slow
// for Ramp to know when the token ends.
func (t *target) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none access.Credential
	want, granted, err := t.find(ctx, g)
	if err != nil {
		return none, err
	}
	ends := integrations.Earlier(granted.expires, g.ExpiresAt)
	if clock.Until(ends) < shortest {
		return none, integrations.ErrExpired
	}
	got, err := t.mint(ctx, g, want, ends, margin)
	if errors.Is(err, errSlow) && clock.Until(ends) > shortest+patience {
		got, err = t.mint(ctx, g, want, ends, patience)
	}
	return got, err
}

// mint makes a token and its role, and returns it or the secret that it reads. If it fails,
// it revokes what it made.
func (t *target) mint(ctx context.Context, g access.Grant, want wanted, ends time.Time, margin time.Duration) (none access.Credential, err error) {
	r := role{name: newTokenRole(g.Name), policies: want.policies, expires: ends}
	defer func() {
		if err != nil {
			t.undo(ctx, r.name, r.lease)
		}
	}()
	// Until the token is made, the limit is too long, so that it never shortens the
	// token. Nobody can renew a token that was not handed out.
	r.max = clock.Until(r.expires).Truncate(time.Second) + 2*time.Second
	if err := t.putRole(ctx, role{name: r.name, policies: r.policies, max: r.max}); err != nil {
		return none, err
	}
	ttl := (clock.Until(r.expires) - margin).Truncate(time.Millisecond)
	var made struct {
		Auth madeToken `json:"auth"`
	}
	err = t.vault.write(ctx, createPath+"/"+r.name, map[string]any{
		"ttl": fmt.Sprintf("%dms", ttl.Milliseconds()), "display_name": g.Name,
		"meta": map[string]string{"ramp_request": g.RequestID, "ramp_principal": g.Principal,
			"ramp_expires": r.expires.Format(time.RFC3339)},
	}, &made)
	now := clock.Now() // Vault made the token before this
	if err != nil {
		return none, t.orRevoked(ctx, g.Name, err)
	}
	if err := t.checkToken(made.Auth, r.policies, ttl); err != nil {
		return none, err
	}
	left := r.expires.Sub(now)
	if left < ttl {
		return none, errSlow
	}
	// From now on the limit is exact, no matter who renews the token. Vault rounds to
	// seconds, so it is one second less.
	r.max, r.accessor = left.Truncate(time.Second)-time.Second, made.Auth.Accessor
	got := t.credential(made.Auth.ClientToken, r.policies, ends)
	if want.secret != "" {
		if got, r.lease, err = t.secret(ctx, t.config.Secrets[want.secret], made.Auth.ClientToken, ends); err != nil {
			return none, t.orRevoked(ctx, g.Name, err)
		}
	}
	if err := t.putRole(ctx, r); err != nil {
		return none, err
	}
	// This comes last, and revoking deletes the grant's role first: so either the
	// role is gone here, or the revoke finds this token.
	if _, there, err := t.getRole(ctx, g.Name); err != nil || !there {
		return none, t.orRevoked(ctx, g.Name, err)
	}
	return got, nil
}

// secret returns the credential that a token's secret is, and the id of its lease, which is
// to be written down before the credential is handed out. With an error there may be a lease,
// too: one that has to go.
func (t *target) secret(ctx context.Context, s Secret, token string, ends time.Time) (access.Credential, string, error) {
	made, err := t.readSecret(ctx, s, token, ends)
	if err != nil {
		return access.Credential{}, made.leaseBelow(s.Path), err
	}
	c, err := s.Credential.of(made.Data)
	if c.Hint == "" {
		c.Hint = "made by Vault at " + access.Clip(s.Path, 80) + "; see the variables and files"
	}
	c.ExpiresAt = integrations.Earlier(made.ends, ends).Truncate(time.Second)
	return c, made.LeaseID, err
}

// orRevoked returns integrations.ErrRevoked in place of err if the grant's role is
// gone, which then is the reason.
func (t *target) orRevoked(ctx context.Context, grant string, err error) error {
	if code := access.CodeOf(err); err != nil && code != access.CodeInvalid && code != access.CodeForbidden {
		return err
	}
	if _, there, again := t.getRole(ctx, grant); again != nil || there {
		return err
	}
	return integrations.ErrRevoked
}

// madeToken is a token as Vault returns it.
type madeToken struct {
	ClientToken      string   `json:"client_token"`
	Accessor         string   `json:"accessor"`
	Policies         []string `json:"policies"`
	IdentityPolicies []string `json:"identity_policies"`
	Orphan           bool     `json:"orphan"`
	LeaseDuration    int64    `json:"lease_duration"` // seconds
}

// checkToken compares the token that Vault made with what was asked for.
func (t *target) checkToken(a madeToken, policies []string, ttl time.Duration) error {
	if a.ClientToken == "" || a.Accessor == "" {
		return t.vault.Unexpected(http.MethodPut, createPath)
	}
	if got := slices.Sorted(slices.Values(a.Policies)); !slices.Equal(got, policies) || len(a.IdentityPolicies) > 0 {
		return access.Errorf(access.CodeConflict, "Vault made a token with policies %s instead of %s; it was revoked",
			strings.Join(got, ", "), strings.Join(policies, ", "))
	}
	if !a.Orphan || time.Duration(a.LeaseDuration)*time.Second > ttl || a.LeaseDuration <= 0 {
		return access.Errorf(access.CodeConflict, "Vault made a token with a life of its own; it was revoked")
	}
	return nil
}

// credential returns what the requester's client gets.
func (t *target) credential(token string, policies []string, ends time.Time) access.Credential {
	env := map[string]string{"VAULT_ADDR": t.config.Address, "VAULT_TOKEN": token}
	if t.config.Namespace != "" {
		env["VAULT_NAMESPACE"] = t.config.Namespace
	}
	if authorities := t.vault.Authorities(); authorities != "" {
		env["VAULT_CACERT_BYTES"] = authorities
	}
	return access.Credential{
		Kind: "vault", Env: env, ExpiresAt: ends,
		Hint: "vault kv get …: VAULT_ADDR and VAULT_TOKEN are set, with " + access.Clip(strings.Join(policies, ", "), 80),
	}
}
