package sshcert

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
)

// TestRights: who may write what the host goes by, or put another key in the authority's
// place, is said; what Open makes lets nobody.
func TestRights(t *testing.T) {
	c := validConfig(t)
	keys := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.Mkdir(keys, 0o700))
	c.CA = field.File(filepath.Join(keys, "ca"))
	target := openedTarget(t, c)
	tooMuch := func() []string {
		r, err := target.Rights(t.Context())
		require.NoError(t, err)
		require.Empty(t, r.Lacks)
		return slices.DeleteFunc(r.TooMuch, func(one string) bool { return strings.Contains(one, "runs as root") }) // as the test may
	}
	require.Empty(t, tooMuch())
	for path, modes := range map[string][2]os.FileMode{
		string(c.CA): {0o600, 0o640}, keys: {0o700, 0o777}, string(c.Dir): {0o755, 0o775}, target.dir.Path("principals"): {0o755, 0o757},
		target.dir.CAPath(): {0o644, 0o666}, target.dir.RevokedPath(): {0o644, 0o664},
	} {
		require.NoError(t, os.Chmod(path, modes[1]))
		said := tooMuch()
		require.Len(t, said, 1, "%s", path)
		require.Contains(t, said[0], path)
		require.NoError(t, os.Chmod(path, modes[0]))
	}
	require.Empty(t, tooMuch())
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(string(c.CA), 4711, -1))
		require.Contains(t, tooMuch()[0], "user 4711 owns")
	}
}
