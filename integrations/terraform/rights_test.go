package terraform

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/testtools"
)

// TestRights: who may look at states is said, where states are on a disk in clear, and that
// nobody knows what the providers may do.
func TestRights(t *testing.T) {
	t.Parallel()
	memory, err := os.MkdirTemp("/dev/shm", "ramp-test-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(memory) })
	s := newSite(t, testtools.Binary(t, "tofu"), map[string]string{"main.tf": door}, func(c *Config) { c.Runtime = field.File(memory) })
	rights := func() integrations.Rights {
		r, err := s.guarded().Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	private := rights()
	require.Empty(t, private.Lacks)
	require.Empty(t, private.TooMuch)
	require.Len(t, private.Unknown, 1)
	require.Contains(t, private.Unknown[0], "1 variables")

	require.NoError(t, os.Chmod(string(s.config.Directory), 0o755))
	open := rights().TooMuch
	require.Len(t, open, 1)
	require.Contains(t, open[0], "others than the worker may look into "+string(s.config.Directory))

	s.config.Backend = &Backend{Type: "pg", Settings: map[string]string{"conn_str": "postgres://127.0.0.1:1/none"}}
	require.Len(t, rights().Lacks, 1)
	require.Contains(t, rights().Lacks[0], "to list the workspaces of the pg backend")
}
