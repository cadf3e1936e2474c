package field

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestAuthorities: a file that cannot be read, or that has no certificate, is an error and
// never the system's authorities, which somebody meant to replace.
func TestAuthorities(t *testing.T) {
	pool, pem, err := File("").Authorities()
	require.NoError(t, err)
	require.Nil(t, pool, "the system's")
	require.Empty(t, pem)
	_, _, err = File(filepath.Join(t.TempDir(), "none.pem")).Authorities()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	for _, text := range []string{"", "none", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"} {
		path := filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		pool, _, err = File(path).Authorities()
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%q: %v", text, err)
		require.Nil(t, pool)
		require.ErrorContains(t, err, path)
	}
}
