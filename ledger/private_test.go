package ledger_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// TestCase89DatabaseOfOthersEyes: nobody but its owner reads the database,
// whatever the umask, and what an earlier version left open is closed.
func TestCase89DatabaseOfOthersEyes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	path := filepath.Join(t.TempDir(), "ledger.db")
	for range 2 {
		l, err := ledger.Open(t.Context(), "sqlite:"+path)
		require.NoError(t, err)
		require.NoError(t, l.AppendEvent(t.Context(), access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: "dave"}))
		files, err := filepath.Glob(path + "*")
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(files), 2, "the database, and what was written lately")
		for _, f := range files {
			info, err := os.Stat(f)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), f)
		}
		require.NoError(t, l.Close())
		require.NoError(t, os.Chmod(path, 0o644))
	}
}
