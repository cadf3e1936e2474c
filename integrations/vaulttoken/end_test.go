package vaulttoken

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// expiry returns when Vault will end a token, and the token's policies.
func expiry(t *testing.T, s *vaulttest.Server, token string) (time.Time, []string) {
	secret, err := s.Root.Auth().Token().Lookup(token)
	require.NoError(t, err)
	at, err := time.Parse(time.RFC3339Nano, secret.Data["expire_time"].(string))
	require.NoError(t, err)
	policies, err := secret.TokenPolicies()
	require.NoError(t, err)
	require.Equal(t, true, secret.Data["orphan"])
	return at, policies
}

// No matter who renews a token, and how old it is, it ends in time.
func TestNoTokenOutlivesItsGrant(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, "orders-read")
	require.NoError(t, target.Grant(ctx, g))
	// Tokens of several ages, at several parts of a second.
	var tokens []string
	for range 8 {
		c, err := target.Mint(ctx, g)
		require.NoError(t, err)
		tokens = append(tokens, c.Env["VAULT_TOKEN"])
		time.Sleep(330 * time.Millisecond)
	}
	inTime := func(g access.Grant, within time.Duration) {
		t.Helper()
		for _, token := range tokens {
			at, policies := expiry(t, server, token)
			require.Falsef(t, at.After(g.ExpiresAt), "ends at %s, its grant at %s", at, g.ExpiresAt)
			require.Less(t, g.ExpiresAt.Sub(at), within)
			require.Equal(t, []string{"orders-read"}, policies, "and nothing by default")
		}
	}
	renew := func() {
		for _, token := range tokens {
			_, err := server.Client(t, token).Auth().Token().RenewSelf(30 * 24 * 3600)
			require.NoError(t, err)
			_, err = server.Root.Auth().Token().Renew(token, 30*24*3600)
			require.NoError(t, err, "by an operator")
		}
	}
	inTime(g, time.Second)
	renew()
	inTime(g, 4*time.Second)

	longer := g
	longer.ExpiresAt = g.ExpiresAt.Add(time.Hour)
	require.NoError(t, target.Extend(ctx, longer))
	require.NoError(t, target.Extend(ctx, g), "an earlier extension that comes late")
	require.NoError(t, target.Grant(ctx, g), "a retry that comes late")
	inTime(longer, 4*time.Second)
	time.Sleep(700 * time.Millisecond)
	renew()
	inTime(longer, 4*time.Second)

	// Revoked tokens have nothing to renew.
	require.NoError(t, target.Revoke(ctx, g))
	for _, token := range tokens {
		_, err := server.Client(t, token).Auth().Token().RenewSelf(60)
		require.Error(t, err)
	}
}

// slowReply delays the replies of Vault's token creation.
type slowReply struct {
	next  http.RoundTripper
	delay time.Duration
}

func (s *slowReply) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if strings.Contains(r.URL.Path, createPath+"/ramp-") && strings.HasPrefix(r.URL.Path, "/v1/auth/") {
		time.Sleep(s.delay)
	}
	return resp, err
}

func TestSlowVault(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	slow, err := config.open(ctx, "vault/test", func(next http.RoundTripper) http.RoundTripper {
		return &slowReply{next, margin + 100*time.Millisecond}
	})
	require.NoError(t, err)
	g := newGrant(time.Minute, "orders-read")
	at, _ := expiry(t, server, minted(t, slow, g))
	require.True(t, at.Before(g.ExpiresAt))
	p, err := slow.Inspect(ctx, g)
	require.NoError(t, err)
	require.Equal(t, 1, p.Sessions, "the first try was taken back")
	require.NoError(t, slow.Revoke(ctx, g))

	g = newGrant(6*time.Second, "orders-read")
	require.NoError(t, slow.Grant(ctx, g))
	_, err = slow.Mint(ctx, g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	p, err = slow.Inspect(ctx, g)
	require.NoError(t, err)
	require.Zero(t, p.Sessions)
	require.NoError(t, slow.Revoke(ctx, g))
}

func TestCredential(t *testing.T) {
	server, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, "orders-write", "orders-read")
	require.NoError(t, target.Grant(context.Background(), g))
	c, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	require.Equal(t, "vault", c.Kind)
	require.Equal(t, config.Address, c.Env["VAULT_ADDR"])
	require.NotContains(t, c.Env, "VAULT_NAMESPACE")
	require.Equal(t, g.ExpiresAt, c.ExpiresAt)
	require.NotContains(t, c.Hint, c.Env["VAULT_TOKEN"])
	secret, err := server.Root.Auth().Token().Lookup(c.Env["VAULT_TOKEN"])
	require.NoError(t, err)
	require.Equal(t, "token-"+g.Name, secret.Data["display_name"])
	meta, err := json.Marshal(secret.Data["meta"])
	require.NoError(t, err)
	require.JSONEq(t, `{"ramp_request":"`+g.RequestID+`","ramp_principal":"alice@example.com","ramp_expires":"`+g.ExpiresAt.Format(time.RFC3339)+`"}`, string(meta))
	require.NoError(t, target.Revoke(context.Background(), g))
}
