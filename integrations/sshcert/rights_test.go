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

	// Whoever may write a directory on the way, also where a link leads, puts another in.
	real := filepath.Join(t.TempDir(), "real")
	require.NoError(t, os.MkdirAll(filepath.Join(real, "deep"), 0o700))
	require.NoError(t, os.Rename(string(c.CA), filepath.Join(real, "deep", "ca")))
	require.NoError(t, os.Symlink(filepath.Join(real, "deep", "ca"), string(c.CA)))
	require.Empty(t, tooMuch())
	for _, dir := range []string{real, filepath.Join(real, "deep"), keys, filepath.Dir(keys)} {
		require.NoError(t, os.Chmod(dir, 0o777))
		said := tooMuch()
		require.Len(t, said, 1, "%s", dir)
		require.Contains(t, said[0], dir+", which leads to")
		require.NoError(t, os.Chmod(dir, 0o700))
	}
	require.NoError(t, os.Remove(string(c.CA)))
	require.NoError(t, os.Symlink(string(c.CA), string(c.CA)))
	_, err := target.Rights(t.Context())
	require.ErrorContains(t, err, "symbolic links")
	require.NoError(t, os.Remove(string(c.CA)))
	require.NoError(t, os.Rename(filepath.Join(real, "deep", "ca"), string(c.CA)))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(string(c.CA), 4711, -1))
		require.Contains(t, tooMuch()[0], "user 4711 owns")
	}
}

// TestRightsOfAFleet: so it is with the keys of a fleet, which lie where its worker runs.
func TestRightsOfAFleet(t *testing.T) {
	f := lyingFleet(t, nil)
	f.config.Hosts = []FleetHost{{Name: "web1", Host: "127.0.0.1", HostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdFoGUuQ5H8JHgEHvnp3nN9C5A9DCSYTt1NC0FI7vMW"}}
	target := f.open(t, nil)
	for _, key := range []string{string(f.config.CA), string(f.config.HelperKey)} {
		r, err := target.Rights(t.Context())
		require.NoError(t, err)
		require.Empty(t, r.TooMuch)
		require.NoError(t, os.Chmod(key, 0o640))
		r, err = target.Rights(t.Context())
		require.NoError(t, err)
		require.Len(t, r.TooMuch, 1)
		require.Contains(t, r.TooMuch[0], "may read "+key)
		require.NoError(t, os.Chmod(key, 0o600))
	}
}
