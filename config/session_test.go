package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/auth"
)

// TestSessionKeys: servers that share a signing key in a file share the session key
// that is derived from it; where nothing can be derived one must be named.
func TestSessionKeys(t *testing.T) {
	sealer := func(path string) *auth.Sealer {
		t.Helper()
		c, err := Load(path)
		require.NoError(t, err)
		signer, err := c.Keys.Signer.Open(t.Context())
		require.NoError(t, err)
		s, err := c.Keys.Sealer(t.Context(), signer)
		require.NoError(t, err)
		return s
	}
	now := time.Now()
	row, err := sealer(configFile(t, goodConfig)).SealSession(ledger.Session{Token: "x", Data: []byte("secret"), CreatedAt: now, SeenAt: now, ExpiresAt: now})
	require.NoError(t, err)
	_, ok := sealer(configFile(t, goodConfig)).OpenSession(row)
	require.False(t, ok, "another installation's")

	path := configFile(t, goodConfig)
	row.Data = []byte("secret")
	row, err = sealer(path).SealSession(row)
	require.NoError(t, err)
	got, ok := sealer(path).OpenSession(row)
	require.True(t, ok, "the same signing key gives the same session key")
	require.Equal(t, "secret", string(got.Data))

	require.NoError(t, field.CreateKey(filepath.Join(filepath.Dir(path), "session.key")))
	named := configFile(t, strings.Replace(goodConfig, "  trusted:", "  session: [\"file:"+filepath.Join(filepath.Dir(path), "session.key")+"\"]\n  trusted:", 1))
	_, ok = sealer(named).OpenSession(row)
	require.False(t, ok, "a key that is named is the one")

	err = check(configFile(t, strings.Replace(goodConfig, "signer: server.key", "signer: vault:transit/ramp", 1)))
	require.ErrorContains(t, err, "keys.session: where keys.signer is in Vault or KMS")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.NoError(t, check(configFile(t, strings.Replace(goodConfig, "signer: server.key", "signer: vault:transit/ramp\n  session: [\"env:RAMP_SESSION_KEY\"]", 1))))
}
