package vaulttoken

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

const (
	readRules = `
path "secret/data/orders" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }`
	writeRules = `
path "secret/data/orders" { capabilities = ["read", "create", "update"] }
path "auth/token/create" { capabilities = ["update"] }
path "ssh/creds/otp" { capabilities = ["update"] }`
)

// start starts a Vault with some secrets in it, and a token for Ramp whose only
// policy is policy.hcl.
func start(t *testing.T) (*vaulttest.Server, Config) {
	server := vaulttest.Start(t)
	server.Policy(t, "orders-read", readRules)
	server.Policy(t, "orders-write", writeRules)
	server.Policy(t, "admin", `path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }`)
	server.Policy(t, "ramp", Policy("orders-read", "orders-write"))
	_, err := server.Root.Logical().Write("secret/data/orders", map[string]any{"data": map[string]any{"n": 1}})
	require.NoError(t, err)
	return server, Config{Config: jsonhttp.Config{Address: server.Address, Token: field.SecretFile(vaulttest.TokenFile(t, server.Token(t, "ramp")))},
		Policies: []string{"orders-read", "orders-write"}}
}

func opened(t *testing.T, c Config) *target {
	target, err := c.open(context.Background(), "vault/test", nil)
	require.NoError(t, err)
	return target
}

func newGrant(life time.Duration, policies ...any) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "vault/test", Principal: "alice@example.com",
		Entitlement: access.Entitlement{"policies": policies}, ExpiresAt: time.Now().UTC().Add(life).Truncate(time.Second)}
}

// minted opens a grant and picks it up.
func minted(t *testing.T, target *target, g access.Grant) string {
	require.NoError(t, target.Grant(context.Background(), g))
	c, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	return c.Env["VAULT_TOKEN"]
}

// read reads a secret as a person would.
func read(ctx context.Context, client *api.Client) error {
	_, err := client.Logical().ReadWithContext(ctx, "secret/data/orders")
	var answer *api.ResponseError
	if errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden {
		return fmt.Errorf("read: %w", targettest.ErrRefused)
	}
	return err
}

// holder is one person's live token.
type holder struct{ client *api.Client }

func (h *holder) Alive(ctx context.Context) error { return read(ctx, h.client) }

func (h *holder) Close() error {
	err := h.client.Auth().Token().RevokeSelf("")
	var answer *api.ResponseError
	if errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden {
		return nil // it has ended
	}
	return err
}

// faulty is a network that fails from call n on, or loses call n's reply.
func faulty(fault targettest.Fault, n int) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &targettest.Wire{To: next, Fault: fault, N: n,
			Throttled: func() *http.Response {
				return targettest.Response(http.StatusTooManyRequests, nil, map[string]any{"errors": []string{`request path "x": rate limit quota exceeded`}})
			},
			Down: func() *http.Response {
				return targettest.Response(http.StatusServiceUnavailable, nil, map[string]any{"errors": []string{"Vault is sealed"}})
			}}
	}
}

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}
