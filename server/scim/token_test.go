package scim_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/server/scim"
)

func TestTokenInVault(t *testing.T) {
	v := vaulttest.Start(t)
	v.Policy(t, "ramp", `path "secret/data/ramp" { capabilities = ["read"] }`)
	_, err := v.Root.Logical().Write("secret/data/ramp", map[string]any{"data": map[string]any{"scim": token, "short": "short"}})
	require.NoError(t, err)
	t.Setenv("VAULT_ADDR", v.Address)
	t.Setenv("VAULT_TOKEN", v.Token(t, "ramp"))
	at := func(ref string) func(*scim.Config) { return func(c *scim.Config) { c.Token = field.ParseSecret(ref) } }

	s := newSite(t, at("vault:secret/ramp#scim"))
	s.must(http.StatusOK, "GET", "/Users", "")
	require.Equal(t, http.StatusUnauthorized, s.as("another-token-that-is-long", "GET", "/Users", "").status)
	require.Equal(t, http.StatusServiceUnavailable, newSite(t, at("vault:secret/ramp#short")).do("GET", "/Users", "").status)

	// Where Vault gives nothing nobody is the provider, whatever they bring.
	t.Setenv("VAULT_TOKEN", "nobody")
	for _, bearer := range []string{token, "", "Vault"} {
		require.Equal(t, http.StatusServiceUnavailable, newSite(t, at("vault:secret/ramp#scim")).as(bearer, "GET", "/Users", "").status)
	}
}
