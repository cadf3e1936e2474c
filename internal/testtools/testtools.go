// Package testtools finds the programs that tests run and `make setup` has built, keeps what
// such a program prints, configures sshd, and runs a script as a machine of its own would. Tests
// and their helpers import it, and nothing else.
package testtools

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Binary returns the path of a program in the module's tools/bin. It fails the test where
// the program is missing.
func Binary(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "this is not below Ramp's go.mod")
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "tools", "bin", name)
	_, err = os.Stat(path)
	require.NoError(t, err, "tools/bin/%s is missing: run `make setup`", name)
	return path
}

// Output keeps what a process prints, to show it where the process fails. It is safe for
// concurrent use.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String returns all that was printed so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Machine returns a command that runs a shell script as a machine of its own would: its
// processes see no others, and the kernel ends them all with the first. Arguments are the
// script's $0, $1 and so on. It works below a chroot, too, whose root is no mount that could
// be made private. Only root can run it.
func Machine(script string, args ...string) *exec.Cmd {
	return exec.Command("unshare", append([]string{"--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "unchanged", "/bin/sh", "-c", script}, args...)...) // #nosec G204 -- a test's own script
}
