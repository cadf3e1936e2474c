package vaulttest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"
)

// Client returns a client with a token, and nothing from the environment.
func (s *Server) Client(t testing.TB, token string) *api.Client {
	t.Helper()
	c := api.DefaultConfig()
	require.NoError(t, c.Error)
	c.Address, c.MaxRetries = s.Address, 0
	client, err := api.NewClient(c)
	require.NoError(t, err)
	client.ClearNamespace()
	client.SetToken(token)
	return client
}

// Policy writes a policy, in Vault's language.
func (s *Server) Policy(t testing.TB, name, rules string) {
	t.Helper()
	require.NoError(t, s.Root.Sys().PutPolicy(name, rules))
}

// Token returns an orphan token with exactly these policies, valid for a day.
func (s *Server) Token(t testing.TB, policies ...string) string {
	t.Helper()
	secret, err := s.Root.Auth().Token().CreateOrphan(&api.TokenCreateRequest{
		Policies: policies, NoDefaultPolicy: true, TTL: "24h",
	})
	require.NoError(t, err)
	return secret.Auth.ClientToken
}

// TokenFile writes a token into a file and returns its path.
func TokenFile(t testing.TB, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte(token+"\n"), 0o600))
	return path
}
