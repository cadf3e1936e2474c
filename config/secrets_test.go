package config

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// inVault is a configuration whose every secret is in Vault.
var inVault = strings.NewReplacer(
	"ramp:hunter2@", "ramp@", "\ntemporal:", "\n  password: vault:secret/ramp#db\ntemporal:",
	"namespace: default}", "namespace: default, apiKey: vault:secret/ramp#temporal}",
	"keys:\n", "keys:\n  payload: [vault:secret/ramp#payload]\n",
	"    issuer: https://login.example.com\n", "    issuer: https://login.example.com\n    clientSecret: vault:secret/ramp#oidc\n  scim: {token: vault:secret/ramp#scim}\n",
).Replace(goodConfig)

// TestSecretsInVaultCheck: the form is checked, and Vault is not asked.
func TestSecretsInVaultCheck(t *testing.T) {
	var asked atomic.Int64
	v := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(v.Close)
	t.Setenv("VAULT_ADDR", v.URL)
	require.NoError(t, check(configFile(t, inVault)))
	out := shown(t, configFile(t, inVault))
	for _, name := range []string{"db", "temporal", "payload", "oidc", "scim"} {
		require.Contains(t, out, "vault:secret/ramp#"+name)
		err := check(configFile(t, strings.Replace(inVault, "vault:secret/ramp#"+name, "vault:secret/ramp", 1)))
		require.ErrorContains(t, err, "vault:secret/ramp: a secret in Vault is named like vault:MOUNT/PATH#FIELD", name)
		require.Len(t, access.IssuesOf(err), 1, name)
	}
	require.Zero(t, asked.Load())
}

func TestSecretsInVault(t *testing.T) {
	v := vaulttest.Start(t)
	v.Policy(t, "ramp", `path "secret/data/ramp" { capabilities = ["read"] }`)
	key := make([]byte, 32)
	rand.Read(key)
	_, err := v.Root.Logical().Write("secret/data/ramp", map[string]any{"data": map[string]any{
		"db": "p@ss:MARKED/word", "temporal": "MARKED-key", "payload": base64.StdEncoding.EncodeToString(key)}})
	require.NoError(t, err)
	t.Setenv("VAULT_ADDR", v.Address)
	t.Setenv("VAULT_TOKEN", v.Token(t, "ramp"))
	c, err := Load(configFile(t, inVault))
	require.NoError(t, err)

	address, err := c.Ledger.address(t.Context())
	require.NoError(t, err)
	u, err := url.Parse(address)
	require.NoError(t, err)
	password, _ := u.User.Password()
	require.Equal(t, "p@ss:MARKED/word", password)

	sealed, err := c.Keys.Codec(t.Context())
	require.NoError(t, err)
	require.NotNil(t, sealed)

	a := newAuthority(t)
	f := newFrontend(t, a, nil, local)
	c.Temporal.Address, c.Temporal.TLS = f.address, &TLS{CAFile: a.path("ca.pem")}
	_, err = connect(t, c.Temporal, 30*time.Second)
	require.NoError(t, err)
	sent, _, _ := f.last()
	require.Equal(t, "Bearer MARKED-key", sent)

	t.Setenv("VAULT_TOKEN", "nobody")
	_, err = c.Ledger.address(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.ErrorContains(t, err, "ledger.password: vault:secret/ramp#db: Vault refuses it")
	_, err = c.Keys.Codec(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	_, _, before := f.last()
	_, err = connect(t, c.Temporal, time.Second)
	require.ErrorContains(t, err, "vault:secret/ramp#temporal")
	_, _, after := f.last()
	require.Equal(t, before, after, "without a key there is no call")
}
