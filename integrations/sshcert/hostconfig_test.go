package sshcert

import (
	"os"
	"os/exec"
	"path/filepath"
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

// TestCase140AdmitRecordsWhoIsListed: the host's script returns the file as it is, and records
// a login as use only if a line is for the grant itself.
func TestCase140AdmitRecordsWhoIsListed(t *testing.T) {
	const grant = "ramp-0123456789abcdef-a"
	for lines, use := range map[string]bool{
		"": false, grant: true, grant + "0": false, "x" + grant: false, `expiry-time="20300101",environment="RAMP_GRANT=` + grant + `" ` + grant: true,
		`environment="RAMP_GRANT=` + grant + `" alice`: false, "# " + grant: false, grant + " # Alice": true, "\t" + grant + "\t": true,
		"alice\n" + grant + "\nbob": true, "alice\n*\nbob": false,
	} {
		dir := t.TempDir()
		for _, sub := range []string{"principals", "sessions"} {
			require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o700))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "principals", "deploy"), []byte(lines+"\n"), 0o600))
		script := filepath.Join(dir, admitFile)
		require.NoError(t, os.WriteFile(script, admitScript, 0o600))
		out, err := exec.CommandContext(t.Context(), "sh", script, "deploy", grant).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Equal(t, lines+"\n", string(out))
		records, err := filepath.Glob(filepath.Join(dir, "sessions", "*"))
		require.NoError(t, err)
		require.Len(t, records, 1)
		record, err := os.ReadFile(records[0])
		require.NoError(t, err)
		want := grant + "\n"
		if !use {
			want = grant + " refused\n"
		}
		require.Equal(t, want, string(record), "%q", lines)
	}
}
