package privatefile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/privatefile"
)

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.Equal(t, access.CodeInvalid, access.CodeOf(privatefile.Check(path)), "no file")
	require.NoError(t, os.WriteFile(path, []byte("secret"), 0o600))
	require.NoError(t, privatefile.Check(path))
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o666} {
		require.NoError(t, os.Chmod(path, mode))
		err := privatefile.Check(path)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%o", mode)
		require.ErrorContains(t, err, "key may be read by others; chmod 600 it")
	}
}
