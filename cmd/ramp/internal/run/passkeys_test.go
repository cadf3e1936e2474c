package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/passkey/passkeytest"
)

func TestPasskeysCheck(t *testing.T) {
	b, err := yaml.Marshal(passkeytest.New(t).Enrolled("bob", passkey.Set{}))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "passkeys.yaml")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	out, err := ramp(t, "passkeys", "check", path)
	require.NoError(t, err)
	require.Contains(t, out, "bob")
	require.Contains(t, out, "valid. These passkeys sign at https://ramp.example.com")

	require.NoError(t, os.WriteFile(path, append(b, "oops: 1\n"...), 0o600))
	_, err = ramp(t, "passkeys", "check", path)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	_, err = ramp(t, "passkeys", "check", path+".none")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
