package postgrestest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/localpostgres"
	"ramp.dev/ramp/internal/ports"
)

// Standby starts a second server that follows this one, and returns its address.
func (s *Server) Standby(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ramp-postgres-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	backup, err := localpostgres.Find("pg_basebackup")
	require.NoError(t, err)
	out, err := exec.Command(backup, "-d", s.URL(localpostgres.Superuser, password, ""), "-D", filepath.Join(dir, "data"), "-R", "-c", "fast").CombinedOutput() // #nosec G204 -- for tests
	require.NoError(t, err, "%s", out)
	s.owns(t, dir)
	standby, err := localpostgres.Start(t.Context(), localpostgres.Config{Dir: dir, Addr: ports.ForTest(t), Password: password})
	require.NoError(t, err)
	t.Cleanup(standby.Kill)
	return standby.Addr()
}

// owns gives files to whom this server runs as.
func (s *Server) owns(t testing.TB, dir string) {
	info, err := os.Stat(s.Dir())
	require.NoError(t, err)
	owner, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid)) // #nosec G122 -- a folder of the test's own, which it has just copied
	}))
}
