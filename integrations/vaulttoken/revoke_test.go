package vaulttoken

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// What a token made ends with it: its children, their children, and secrets.
func TestChildrenEnd(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	_, err := server.Root.Logical().Write("sys/mounts/ssh", map[string]any{"type": "ssh"})
	require.NoError(t, err)
	_, err = server.Root.Logical().Write("ssh/roles/otp", map[string]any{"key_type": "otp", "default_user": "deploy", "cidr_list": "10.0.0.0/8"})
	require.NoError(t, err)
	target := opened(t, config)
	g := newGrant(time.Hour, "orders-write", "orders-read")
	tokens := []string{minted(t, target, g)}
	for range 3 {
		secret, err := server.Client(t, tokens[len(tokens)-1]).Logical().Write("auth/token/create", map[string]any{"ttl": "700h"})
		require.NoError(t, err)
		tokens = append(tokens, secret.Auth.ClientToken)
	}
	for _, token := range tokens {
		require.NoError(t, read(ctx, server.Client(t, token)))
		secret, err := server.Client(t, token).Logical().Write("ssh/creds/otp", map[string]any{"ip": "10.0.0.1"})
		require.NoError(t, err)
		require.NotEmpty(t, secret.LeaseID)
	}
	require.NoError(t, target.Revoke(ctx, access.Grant{Name: g.Name}))
	for _, token := range tokens {
		require.Error(t, read(ctx, server.Client(t, token)), "at once")
	}
	require.Eventually(t, func() bool {
		left, err := server.Root.Logical().List("sys/leases/lookup/ssh/creds/otp")
		return err == nil && left == nil
	}, time.Minute, 50*time.Millisecond, "secrets are taken back")
}

// A revoke runs before each of a pick-up's calls in turn: no token is handed out,
// and none is left.
func TestMintBesideRevoke(t *testing.T) {
	ctx := context.Background()
	_, config := start(t)
	healthy := opened(t, config)
	for n := 1; ; n++ {
		g := newGrant(time.Hour, "orders-read")
		require.NoError(t, healthy.Grant(ctx, g))
		wire := &striking{n: n, strike: func() { require.NoError(t, healthy.Revoke(ctx, access.Grant{Name: g.Name})) }}
		target, err := config.open(ctx, "vault/test", func(next http.RoundTripper) http.RoundTripper { wire.next = next; return wire })
		require.NoError(t, err)
		_, err = target.Mint(ctx, g)
		if wire.calls < n {
			require.NoError(t, err)
			require.Greater(t, n, 4)
			require.NoError(t, healthy.Revoke(ctx, g))
			return
		}
		code := access.CodeOf(err)
		require.Contains(t, []access.Code{access.CodeNotFound, access.CodeConflict}, code, "before call %d: %v", n, err)
		p, err := healthy.Inspect(ctx, g)
		require.NoError(t, err)
		require.Truef(t, p.Gone(), "before call %d: %+v", n, p)
		found, err := healthy.List(ctx)
		require.NoError(t, err)
		require.Empty(t, found)
	}
}

// A revoke runs while an extension writes roles. One more revoke ends the grant.
func TestExtendBesideRevoke(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	healthy := opened(t, config)
	for n := 1; ; n++ {
		g := newGrant(time.Hour, "orders-read")
		token := minted(t, healthy, g)
		wire := &striking{n: n, strike: func() { require.NoError(t, healthy.Revoke(ctx, access.Grant{Name: g.Name})) }}
		target, err := config.open(ctx, "vault/test", func(next http.RoundTripper) http.RoundTripper { wire.next = next; return wire })
		require.NoError(t, err)
		g.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		err = target.Extend(ctx, g)
		if wire.calls < n {
			require.NoError(t, err)
			require.NoError(t, healthy.Revoke(ctx, g))
			return
		}
		require.Error(t, read(ctx, server.Client(t, token)), "before call %d: %v", n, err)
		require.NoError(t, healthy.Revoke(ctx, g))
		found, err := healthy.List(ctx)
		require.NoError(t, err)
		require.Empty(t, found)
	}
}

// striking does something before one of the calls.
type striking struct {
	next     http.RoundTripper
	n, calls int
	strike   func()
}

func (s *striking) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.calls++; s.calls == s.n {
		s.strike()
	}
	return s.next.RoundTrip(r)
}
