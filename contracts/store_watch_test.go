package contracts

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

const admitting = `apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: {who: 'true'}
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: b}}]
approval: {stages: [{name: a, from: [x]}]}
`

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// TestCase81NotARegularFile: a FIFO, a device or a broken link in the directory is
// a mistake like any other: it is reported, and reloading goes on.
func TestCase81NotARegularFile(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"a FIFO":                 func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a device without end":   func(path string) error { return os.Symlink("/dev/zero", path) },
		"a link to nothing":      func(path string) error { return os.Symlink("nothing", path) },
		"a link to a directory":  func(path string) error { return os.Symlink(".", path) },
		"a file of a terabyte":   func(path string) error { return sparse(path, 1<<40) },
		"a file just over 256 K": func(path string) error { return sparse(path, MaxFile+1) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(admitting), 0o600))
			s, err := NewStore(Directory(dir), quiet())
			require.NoError(t, err)
			bad := filepath.Join(dir, "d.yaml")
			require.NoError(t, make(bad))
			s.reload(t.Context())
			require.ErrorContains(t, s.LoadError(), "d.yaml")
			require.Len(t, s.Current().Contracts, 1, "what was in force stays")
			_, err = LoadDir(dir)
			require.Error(t, err)

			require.NoError(t, os.Remove(bad))
			s.reload(t.Context())
			require.NoError(t, s.LoadError())
		})
	}
	t.Run("a link to a contract", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "data"), []byte(admitting), 0o600))
		require.NoError(t, os.Symlink("data", filepath.Join(dir, "c.yaml")))
		_, err := LoadDir(dir)
		require.NoError(t, err)
	})
}

func sparse(path string, size int64) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(path, size)
}

// hanging is a directory of which the next read does not end.
type hanging struct {
	Directory
	hung, release chan struct{}
}

func (h hanging) Read(context.Context) (Snapshot, error) {
	close(h.hung)
	<-h.release
	return Snapshot{}, os.ErrClosed
}

// TestCase81ReadHangs: a directory whose reading never ends makes the server not
// ready, and does not keep it from stopping.
func TestCase81ReadHangs(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(admitting), 0o600))
	s, err := NewStore(Directory(dir), quiet())
	require.NoError(t, err)
	hung, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	s.source = hanging{Directory(dir), hung, release}

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	<-hung
	require.NoError(t, s.LoadError())
	s.mu.Lock()
	s.now = func() time.Time { return time.Now().Add(31 * time.Second) }
	s.mu.Unlock()
	require.ErrorContains(t, s.LoadError(), "does not end")
	cancel()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("Run waits for a read that hangs")
	}
}
