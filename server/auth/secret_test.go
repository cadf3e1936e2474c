package auth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// TestClientSecretInVault: each login has the secret that Vault holds then.
func TestClientSecretInVault(t *testing.T) {
	v := vaulttest.Start(t)
	v.Policy(t, "ramp", `path "secret/data/ramp/*" { capabilities = ["read"] }`)
	put := func(text string) {
		_, err := v.Root.Logical().Write("secret/data/ramp/oidc", map[string]any{"data": map[string]any{"client": text}})
		require.NoError(t, err)
	}
	t.Setenv("VAULT_ADDR", v.Address)
	t.Setenv("VAULT_TOKEN", v.Token(t, "ramp"))
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.URL, "token_endpoint": issuer.URL + "/token"})
	}))
	defer issuer.Close()
	c := Config{Issuer: issuer.URL, ClientSecret: field.ParseSecret("vault:secret/ramp/oidc#client")}
	require.Empty(t, c.Validate())
	p := newProvider(c.issuers()[0])
	for _, want := range []string{"first", "second"} {
		put(want + "\n")
		o, err := p.oauth("https://ramp.example.com/auth/callback")
		require.NoError(t, err)
		require.Equal(t, want, o.ClientSecret)
	}
	t.Setenv("VAULT_TOKEN", "nobody")
	_, err := p.oauth("https://ramp.example.com/auth/callback")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.ErrorContains(t, err, "client secret: vault:secret/ramp/oidc#client: Vault refuses it")
}
