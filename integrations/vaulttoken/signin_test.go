package vaulttoken

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/kubernetes/kubetest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// withAppRole is start with an AppRole for Ramp, whose secret id is in a file.
func withAppRole(t *testing.T) (*vaulttest.Server, Config) {
	t.Helper()
	server, config := start(t)
	_, err := server.Root.Logical().Write("sys/auth/approle", map[string]any{"type": "approle"})
	require.NoError(t, err)
	_, err = server.Root.Logical().Write("auth/approle/role/ramp", map[string]any{"token_policies": "ramp", "token_ttl": "1h", "token_no_default_policy": true})
	require.NoError(t, err)
	id, err := server.Root.Logical().Read("auth/approle/role/ramp/role-id")
	require.NoError(t, err)
	config.Token = field.Secret{}
	config.SignIn = &SignIn{AppRole: &AppRole{RoleID: id.Data["role_id"].(string), SecretID: field.SecretFile(vaulttest.TokenFile(t, secretID(t, server.Root)))}}
	return server, config
}

// secretID returns a secret id, or the token in which it is wrapped.
func secretID(t *testing.T, as *api.Client) string {
	t.Helper()
	made, err := as.Logical().Write("auth/approle/role/ramp/secret-id", nil)
	require.NoError(t, err)
	if made.WrapInfo != nil {
		return made.WrapInfo.Token
	}
	return made.Data["secret_id"].(string)
}

// wrapping is a client whose responses are wrapped.
func wrapping(t *testing.T, s *vaulttest.Server) *api.Client {
	t.Helper()
	c := s.Client(t, s.Root.Token())
	c.SetWrappingLookupFunc(func(string, string) string { return "10m" })
	return c
}

// counting counts the calls of some paths.
type counting struct {
	next   http.RoundTripper
	suffix string
	n      atomic.Int32
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, c.suffix) {
		c.n.Add(1)
	}
	return c.next.RoundTrip(r)
}

// counted opens a target whose calls of some paths are counted.
func counted(t *testing.T, c Config, suffix string) (*target, *counting) {
	t.Helper()
	wire := &counting{suffix: suffix}
	target, err := c.open(context.Background(), "vault/test", func(next http.RoundTripper) http.RoundTripper { wire.next = next; return wire })
	require.NoError(t, err)
	return target, wire
}

func TestAppRole(t *testing.T) {
	ctx := context.Background()
	server, config := withAppRole(t)
	target, logins := counted(t, config, "/login")
	require.NoError(t, target.Ping(ctx))
	g := newGrant(time.Hour, "orders-read")
	token := minted(t, target, g)
	require.NoError(t, read(ctx, server.Client(t, token)))
	require.EqualValues(t, 1, logins.n.Load())

	// Somebody revokes the token that Ramp signed in for. What it made stays, and Ramp signs
	// in again, at any call.
	first := target.vault.session.token
	require.NoError(t, server.Root.Auth().Token().RevokeTree(first))
	require.NoError(t, read(ctx, server.Client(t, token)))
	require.NoError(t, target.Revoke(ctx, g))
	require.Error(t, read(ctx, server.Client(t, token)))
	require.EqualValues(t, 2, logins.n.Load())
	require.NotEqual(t, first, target.vault.session.token)

	// A right that is missing is no reason to sign in again.
	server.Policy(t, "ramp", `path "auth/token/lookup-self" { capabilities = ["read"] }`)
	_, err := target.Inspect(ctx, g)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
	require.EqualValues(t, 2, logins.n.Load())
}

func TestSessionIsRenewed(t *testing.T) {
	ctx := context.Background()
	server, config := withAppRole(t)
	target, logins := counted(t, config, "/login")
	require.NoError(t, target.Ping(ctx))
	s := target.vault.session
	first, later := s.token, time.Duration(0)
	s.now = func() time.Time { return time.Now().Add(later) }

	later = 45 * time.Minute // of an hour
	require.NoError(t, target.Ping(ctx))
	require.Equal(t, first, s.token)
	renewed, err := server.Root.Auth().Token().Lookup(first)
	require.NoError(t, err)
	require.NotNil(t, renewed.Data["last_renewal"])
	require.EqualValues(t, 1, logins.n.Load())

	// A token that is not renewed any more: another is signed in for before it ends, and where
	// that fails, the old one is used to its end.
	require.NoError(t, server.Root.Auth().Token().RevokeTree(first))
	later += 45 * time.Minute
	require.NoError(t, target.Ping(ctx))
	require.NotEqual(t, first, s.token)
	require.EqualValues(t, 2, logins.n.Load())
	second := s.token
	server.Policy(t, "ramp", strings.ReplaceAll(Policy("orders-read", "orders-write"), "auth/token/renew-self", "auth/token/none"))
	secret, ok := config.SignIn.AppRole.SecretID.Path()
	require.True(t, ok)
	require.NoError(t, os.WriteFile(secret, []byte("wrong"), 0o600))
	later += 45 * time.Minute
	require.NoError(t, target.Ping(ctx))
	require.Equal(t, second, s.token)
	later += 16 * time.Minute
	require.Equal(t, access.CodeForbidden, access.CodeOf(target.Ping(ctx)), "its end")
}

// Case 147: a sign-in that is refused is Ramp's own trouble, worth trying again, but not at each call:
// Vault locks a role out after some.
func TestCase147RefusedSignIn(t *testing.T) {
	ctx := context.Background()
	_, config := withAppRole(t)
	config.SignIn.AppRole.SecretID = field.SecretFile(vaulttest.TokenFile(t, "p4ssw0rd"))
	target, logins := counted(t, config, "/login")
	for range 5 {
		err := target.Grant(ctx, newGrant(time.Hour, "orders-read"))
		require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
		require.NotContains(t, err.Error(), "p4ssw0rd")
	}
	require.EqualValues(t, 1, logins.n.Load())
	later := time.Now().Add(refusedFor)
	target.vault.session.now = func() time.Time { return later }
	require.Error(t, target.Ping(ctx))
	require.EqualValues(t, 2, logins.n.Load())
}

// Case 147: a wrapped secret id is had once. The worker keeps it for as long as it runs; who
// comes later learns that somebody has it; and what was wrapped elsewhere is not used.
func TestCase147WrappedSecretID(t *testing.T) {
	ctx := context.Background()
	server, config := withAppRole(t)
	wrapper := wrapping(t, server)
	config.SignIn.AppRole.Wrapped = true
	file := vaulttest.TokenFile(t, secretID(t, wrapper))
	config.SignIn.AppRole.SecretID = field.SecretFile(file)
	target := opened(t, config)
	require.NoError(t, target.Ping(ctx))
	require.NoError(t, server.Root.Auth().Token().RevokeTree(target.vault.session.token))
	require.NoError(t, target.Ping(ctx), "it signs in again")

	err := opened(t, config).Ping(ctx)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	require.ErrorContains(t, err, "was taken out already")

	exchanged, err := wrapper.Logical().Write("sys/wrapping/wrap", map[string]any{"secret_id": secretID(t, server.Root)})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(exchanged.WrapInfo.Token), 0o600))
	err = opened(t, config).Ping(ctx)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	require.ErrorContains(t, err, "somebody may have exchanged it")

	// Everybody with Vault's default policy has a cubbyhole, with any path in it.
	const lookalike = "cubbyhole/auth/approle/role/ramp/secret-id"
	_, err = server.Root.Logical().Write(lookalike, map[string]any{"secret_id": secretID(t, server.Root)})
	require.NoError(t, err)
	exchanged, err = wrapper.Logical().Read(lookalike)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(exchanged.WrapInfo.Token), 0o600))
	err = opened(t, config).Ping(ctx)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "somebody may have exchanged it")

	require.NoError(t, os.WriteFile(file, []byte(secretID(t, wrapper)), 0o600))
	require.NoError(t, opened(t, config).Ping(ctx), "another one")
}

// The worker signs in with the token of its service account, which a real API server judges.
func TestSignInByKubernetes(t *testing.T) {
	ctx := context.Background()
	cluster := kubetest.Start(t)
	cluster.Apply(t, `
apiVersion: v1
kind: Namespace
metadata: {name: ramp}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: worker, namespace: ramp}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: other, namespace: ramp}
`)
	authority, err := os.ReadFile(cluster.CAFile)
	require.NoError(t, err)
	server, config := start(t)
	for path, data := range map[string]map[string]any{
		"sys/auth/kubernetes": {"type": "kubernetes"},
	} {
		_, err := server.Root.Logical().Write(path, data)
		require.NoError(t, err)
	}
	_, err = server.Root.Logical().Write("auth/kubernetes/config", map[string]any{"kubernetes_host": cluster.Address, "kubernetes_ca_cert": string(authority),
		"token_reviewer_jwt": cluster.Admin, "disable_local_ca_jwt": true})
	require.NoError(t, err)
	_, err = server.Root.Logical().Write("auth/kubernetes/role/ramp", map[string]any{"bound_service_account_names": "worker", "bound_service_account_namespaces": "ramp",
		"token_policies": "ramp", "token_ttl": "1h", "token_no_default_policy": true})
	require.NoError(t, err)
	as := func(account string) *target {
		c := config
		c.Token = field.Secret{}
		c.SignIn = &SignIn{Kubernetes: &KubernetesJWT{Role: "ramp", Token: field.SecretFile(kubetest.TokenFile(t, cluster.Token(t, "ramp", account)))}}
		return opened(t, c)
	}
	target, g := as("worker"), newGrant(time.Hour, "orders-read")
	require.NoError(t, target.Ping(ctx))
	token := minted(t, target, g)
	require.NoError(t, read(ctx, server.Client(t, token)))
	require.NoError(t, target.Revoke(ctx, g))
	err = as("other").Ping(ctx)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	require.ErrorContains(t, err, "Ramp cannot sign in to Vault")
}

// A real Vault whose quota is used up says when to come back.
func TestRateLimitedVault(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	target := opened(t, config)
	require.NoError(t, target.Ping(ctx))
	_, err := server.Root.Logical().Write("sys/quotas/config", map[string]any{"enable_rate_limit_response_headers": true})
	require.NoError(t, err)
	_, err = server.Root.Logical().Write("sys/quotas/rate-limit/few", map[string]any{"rate": 1, "interval": "600s", "path": "auth/token"})
	require.NoError(t, err)
	_, err = target.Inspect(ctx, newGrant(time.Hour, "orders-read"))
	for range 3 {
		if err == nil {
			_, err = target.Inspect(ctx, newGrant(time.Hour, "orders-read"))
		}
	}
	require.Equal(t, access.CodeThrottled, access.CodeOf(err), "%v", err)
	require.Positive(t, access.RetryAfterOf(err))
}

func TestBadSignIn(t *testing.T) {
	for what, c := range map[string]struct {
		signIn SignIn
		code   string
	}{
		"neither":           {SignIn{}, "sign_in"},
		"both":              {SignIn{AppRole: &AppRole{}, Kubernetes: &KubernetesJWT{}}, "sign_in"},
		"no role id":        {SignIn{AppRole: &AppRole{SecretID: field.SecretEnv("X")}}, "role_missing"},
		"no secret id":      {SignIn{AppRole: &AppRole{RoleID: "x"}}, "secret_missing"},
		"the secret itself": {SignIn{AppRole: &AppRole{RoleID: "x", SecretID: field.ParseSecret("p4ssw0rd")}}, "secret_malformed"},
		"mount":             {SignIn{AppRole: &AppRole{Mount: "../sys", RoleID: "x", SecretID: field.SecretEnv("X")}}, "mount_malformed"},
		"no role":           {SignIn{Kubernetes: &KubernetesJWT{}}, "role_missing"},
	} {
		config := validConfig()
		config.Token, config.SignIn = field.Secret{}, &c.signIn
		issues := config.Validate("vault/test")
		require.Len(t, issues, 1, "%s: %v", what, issues)
		require.Equal(t, c.code, issues[0].Code, what)
		require.NotContains(t, issues.Err().Error(), "p4ssw0rd")
	}
	config := validConfig()
	config.SignIn = &SignIn{Kubernetes: &KubernetesJWT{Role: "ramp"}}
	require.Equal(t, "token_twice", config.Validate("vault/test")[0].Code)
}
