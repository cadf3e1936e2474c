package testtools

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// SSHD is how a test configures a real sshd, whose logins are accounts of the machine that
// runs the test.
type SSHD struct {
	Trust       string // the lines that Ramp gives, of what the host trusts
	Address     string // IP address to listen at
	Port        int
	HostKey     string // path
	Certificate string // path of the host key's certificate; empty for none
}

// Write writes the configuration into a directory and returns the file's path. Shells find
// an empty home there and not the account's own: what an account's start-up files do, such
// as print, or wait for a lock that a session which Ramp cut has left, is no part of a test.
func (c SSHD) Write(t testing.TB, dir string) string {
	t.Helper()
	home := filepath.Join(dir, "home")
	require.NoError(t, os.MkdirAll(home, 0o700))
	lines := []string{c.Trust, "ListenAddress " + c.Address, fmt.Sprintf("Port %d", c.Port), "HostKey " + c.HostKey}
	if c.Certificate != "" {
		lines = append(lines, "HostCertificate "+c.Certificate)
	}
	lines = append(lines, "SetEnv HOME="+home, "PidFile none", "UsePAM no", "AuthorizedKeysFile none", "AuthenticationMethods publickey",
		"PermitRootLogin prohibit-password", "MaxStartups 100", "LogLevel VERBOSE", "")
	file := filepath.Join(dir, "sshd_config")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	return file
}
