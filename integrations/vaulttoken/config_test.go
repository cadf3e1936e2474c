package vaulttoken

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

func validConfig() Config {
	return Config{Config: jsonhttp.Config{Address: "https://vault.example.com:8200", Token: field.SecretEnv("RAMP_VAULT_TOKEN")}, Policies: []string{"orders-read"}}
}

func TestOpenBadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		code   string
	}{
		"no address":           {func(c *Config) { c.Address = "" }, "address_malformed"},
		"no scheme":            {func(c *Config) { c.Address = "vault.example.com:8200" }, "address_malformed"},
		"password in address":  {func(c *Config) { c.Address = "https://u:p4ssw0rd@vault.example.com" }, "address_malformed"},
		"path":                 {func(c *Config) { c.Address = "https://vault.example.com/v1" }, "address_malformed"},
		"query":                {func(c *Config) { c.Address = "https://vault.example.com?x=1" }, "address_malformed"},
		"http elsewhere":       {func(c *Config) { c.Address = "http://vault.example.com:8200" }, "address_insecure"},
		"http looks local":     {func(c *Config) { c.Address = "http://localhost.example.com" }, "address_insecure"},
		"socket":               {func(c *Config) { c.Address = "unix:///run/vault.sock" }, "address_malformed"},
		"namespace":            {func(c *Config) { c.Namespace = "../root" }, "namespace_malformed"},
		"namespace with break": {func(c *Config) { c.Namespace = "a\nX-Vault-Token: b" }, "namespace_malformed"},
		"no token":             {func(c *Config) { c.Token = field.Secret{} }, "token_missing"},
		"the token itself":     {func(c *Config) { c.Token = field.ParseSecret("hvs.p4ssw0rd") }, "token_malformed"},
		"the token as a name":  {func(c *Config) { c.Token = field.SecretEnv("hvs.p4ssw0rd") }, "token_malformed"},
		"no policies":          {func(c *Config) { c.Policies = nil }, "policies_missing"},
		"root":                 {func(c *Config) { c.Policies = []string{"root"} }, "policy_never"},
		"upper case":           {func(c *Config) { c.Policies = []string{"Orders"} }, "policy_malformed"},
		"comma":                {func(c *Config) { c.Policies = []string{"a,root"} }, "policy_malformed"},
		"glob":                 {func(c *Config) { c.Policies = []string{"a*"} }, "policy_malformed"},
		"twice":                {func(c *Config) { c.Policies = []string{"a", "a"} }, "policy_duplicate"},
	} {
		t.Run(name, func(t *testing.T) {
			config := validConfig()
			c.change(&config)
			_, err := config.Open(context.Background(), "vault/test")
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
			issues := access.IssuesOf(err)
			require.Len(t, issues, 1)
			require.Equal(t, c.code, issues[0].Code)
			require.NotContains(t, err.Error(), "p4ssw0rd")
		})
	}
	t.Run("all at once", func(t *testing.T) {
		_, err := Config{Namespace: "?"}.Open(context.Background(), "vault/test")
		require.Len(t, access.IssuesOf(err), 4, "%v", err)
	})
	t.Run("good ones", func(t *testing.T) {
		for _, address := range []string{"https://vault.example.com", "https://vault.example.com:8200/", "http://127.0.0.1:8200", "http://[::1]:8200", "http://localhost:8200"} {
			c := validConfig()
			c.Address, c.Namespace, c.Policies = address, "team/project", []string{"default", "orders-read"}
			_, err := c.Open(context.Background(), "vault/test")
			require.NoError(t, err)
		}
	})
}

func TestAuthorities(t *testing.T) {
	c := validConfig()
	c.CAFile = field.File(filepath.Join(t.TempDir(), "ca.pem"))
	_, err := c.Open(context.Background(), "vault/test")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "it may be mounted a moment later")
	require.NoError(t, os.WriteFile(string(c.CAFile), []byte("not a certificate"), 0o600))
	_, err = c.Open(context.Background(), "vault/test")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}

// Nothing in the worker's environment changes which Vault is called, or as whom.
func TestEnvironmentIsLeftAlone(t *testing.T) {
	server, config := start(t)
	for name, value := range map[string]string{
		"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "hvs.another", "VAULT_NAMESPACE": "elsewhere", "VAULT_WRAP_TTL": "60s",
		"VAULT_HEADERS": `{"X-Other": "1"}`, "HTTP_PROXY": "http://127.0.0.1:1", "VAULT_PROXY_ADDR": "http://127.0.0.1:1", "VAULT_MAX_RETRIES": "9",
	} {
		t.Setenv(name, value)
	}
	target, g := opened(t, config), newGrant(60e9, "orders-read")
	require.NoError(t, target.Ping(context.Background()))
	token := minted(t, target, g)
	for _, name := range []string{"VAULT_WRAP_TTL", "VAULT_HEADERS", "VAULT_PROXY_ADDR"} {
		os.Unsetenv(name)
	}
	require.NoError(t, read(context.Background(), server.Client(t, token)))
	require.NoError(t, target.Revoke(context.Background(), g))
}

func TestOwnToken(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	target := opened(t, config)
	g := newGrant(60e9, "orders-read")
	token := minted(t, target, g)

	// Ramp's own token is replaced. The tokens that the old one made stay, and Ramp
	// still revokes them.
	file, _ := config.Token.Path()
	old, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(server.Token(t, "ramp")), 0o600))
	_, err = server.Root.Logical().Write("auth/token/revoke", map[string]any{"token": string(old[:len(old)-1])})
	require.NoError(t, err)
	require.NoError(t, read(ctx, server.Client(t, token)))
	require.NoError(t, target.Ping(ctx))
	require.NoError(t, target.Revoke(ctx, g))
	require.Error(t, read(ctx, server.Client(t, token)))

	for what, text := range map[string]string{"empty": "\n", "two lines": "hvs.p4ssw0rd\nhvs.other", "binary": "hvs.p4ssw0rd\x00"} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := target.Inspect(ctx, g)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), what)
		require.NotContains(t, err.Error(), "p4ssw0rd")
	}
	require.NoError(t, os.Remove(file))
	_, err = target.List(ctx)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))

	t.Setenv("RAMP_TEST_VAULT_TOKEN", server.Token(t, "ramp"))
	config.Token = field.SecretEnv("RAMP_TEST_VAULT_TOKEN")
	require.NoError(t, opened(t, config).Ping(ctx))
}

func TestCheck(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	require.NoError(t, opened(t, config).Ping(ctx))
	as := func(token string) error {
		c := config
		c.Token = field.SecretFile(vaulttest.TokenFile(t, token))
		return opened(t, c).Ping(ctx)
	}
	require.Equal(t, access.CodeForbidden, access.CodeOf(as("hvs.nobody")))
	server.Policy(t, "less", `path "auth/token/lookup-self" { capabilities = ["read"] }
path "sys/capabilities-self" { capabilities = ["update"] }`)
	require.ErrorContains(t, as(server.Token(t, "less")), "delete on auth/token/roles/ramp-")
	for what, data := range map[string]map[string]any{"service tokens": {"type": "batch"}, "number of uses": {"num_uses": 50}} {
		data["policies"], data["ttl"] = "ramp", "1h"
		secret, err := server.Root.Logical().Write("auth/token/create-orphan", data)
		require.NoError(t, err)
		require.ErrorContains(t, as(secret.Auth.ClientToken), what)
	}
	require.NoError(t, server.Root.Sys().Seal())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(opened(t, config).Ping(ctx)))
	_, err := opened(t, config).Inspect(ctx, newGrant(60e9, "orders-read"))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}
