package sshcert

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

const documentation = "../../docs/targets/ssh.md"

// The documentation shows what HostConfig returns, for the newest OpenSSH.
func TestHostConfigIsDocumented(t *testing.T) {
	text, err := os.ReadFile(documentation)
	require.NoError(t, err)
	lines, err := Config{Dir: field.File("/var/lib/ramp/ssh")}.HostConfig("OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.9")
	require.NoError(t, err)
	require.Contains(t, string(text), "```\n"+lines+"```\n")
}

func TestHostConfigByVersion(t *testing.T) {
	for version, penalties := range map[string]bool{"OpenSSH_9.1": false, "OpenSSH_9.2p1 Debian-2": false, "OpenSSH_9.7": false,
		"OpenSSH_9.8": true, "OpenSSH_9.10": true, "OpenSSH_10.0p2": true} {
		lines, err := Config{Dir: "/x"}.HostConfig(version)
		require.NoError(t, err, version)
		// An sshd that does not know the option does not start.
		require.Equal(t, penalties, strings.Contains(lines, "PerSourcePenalties"), version)
	}
	for _, version := range []string{"", "dropbear", "OpenSSH_8.9p1", "OpenSSH_9.0"} {
		_, err := Config{Dir: "/x"}.HostConfig(version)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), version)
	}
}
