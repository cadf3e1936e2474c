package contracts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

func TestStoreReloadsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(text), 0o600))
	}
	log := logrus.New()
	log.SetOutput(new(strings.Builder))
	_, err := contracts.NewStore(contracts.Directory(dir), log)
	require.Error(t, err, "an empty directory is an error")
	good := strings.Replace(string(minimal), "WHO", "true", 1)
	write(good)
	s, err := contracts.NewStore(contracts.Directory(dir), log)
	require.NoError(t, err)
	first := s.Current().Version

	go s.Run(t.Context())
	write(good + "  oops: 1\n")
	require.Eventually(t, func() bool { return s.LoadError() != nil }, time.Minute, 10*time.Millisecond)
	require.Equal(t, first, s.Current().Version, "the last valid contracts stay in force")
	write(strings.Replace(good, "30m", "20m", 1))
	require.Eventually(t, func() bool { return s.LoadError() == nil && s.Current().Version != first }, time.Minute, 10*time.Millisecond)
}

// TestEmptyDirectory: a directory without contracts is an error, the same for
// LoadDir and for the server.
func TestEmptyDirectory(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c_test.yaml"), []byte(valid), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "none.yaml"), []byte("# nothing yet\n"), 0o600))
	_, err := contracts.LoadDir(dir)
	_, started := contracts.NewStore(contracts.Directory(dir), logrus.New())
	require.ErrorContains(t, err, "holds no contract")
	require.Equal(t, started, err)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
