package sshcert

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// OpenSSH's client works with the demo host.
func TestOpenSSHClientOnDemoHost(t *testing.T) {
	c, _ := startDemo(t)
	target := openedTarget(t, c)
	g := newGrant(access.Entitlement{"user": "deploy"})
	require.NoError(t, target.Grant(context.Background(), g))
	cred, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	out, err := sshRun(context.Background(), t, cred, "orders", "1042")
	require.NoError(t, err)
	require.Contains(t, out, "310.00 EUR")
	cmd := sshCommand(context.Background(), t, cred, "nonsense")
	require.Error(t, cmd.Run())
	require.Equal(t, 127, cmd.ProcessState.ExitCode())

	t.Run("HostThatPosesAsIt", func(t *testing.T) {
		other, _ := startDemo(t)
		known, err := os.ReadFile(filepath.Join(string(other.Dir), "host_ed25519.pub"))
		require.NoError(t, err)
		c.HostKey = field.FileOrText(known)
		cred, err := openedTarget(t, c).Mint(context.Background(), g)
		require.NoError(t, err)
		_, err = sshRun(context.Background(), t, cred, "whoami")
		require.ErrorContains(t, err, "Host key verification failed")
	})
	require.NoError(t, target.Revoke(context.Background(), g))
	_, err = sshRun(context.Background(), t, cred, "whoami")
	require.ErrorContains(t, err, "does not admit this certificate")
}

// Many grants that end in one second share one file and one lock.
func BenchmarkRevoke500(b *testing.B) {
	c := Config{Dir: field.File(b.TempDir()), Users: []string{"deploy"}, Host: "127.0.0.1", HostKey: hostKeyLine, Sessions: SessionsConfig{Control: "x"}}
	opened, err := c.open(context.Background(), "ssh/demo", hostfiles.OS{})
	require.NoError(b, err)
	for b.Loop() {
		b.StopTimer()
		var names []string
		for range 500 {
			g := newGrant(access.Entitlement{"user": "deploy"})
			require.NoError(b, opened.Grant(context.Background(), g))
			names = append(names, g.Name)
		}
		b.StartTimer()
		for _, name := range names {
			require.NoError(b, opened.removeFromFiles(context.Background(), name))
		}
	}
}
