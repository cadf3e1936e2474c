package run

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/ledger"
)

// The two commands make a host of a fleet: its sshd accepts the lines, and a worker of the
// configuration reaches the helper and opens access there.
func TestHostOfAFleet(t *testing.T) {
	require.Zero(t, os.Geteuid(), "this test needs root, as the helper does; run it in a container")
	dir, err := os.MkdirTemp("", "ramp")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	for _, name := range []string{"hostkey", "worker", "ca"} {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	host := []string{"--dir", filepath.Join(dir, "ramp"), "--user", "deploy", "--authorities", filepath.Join(dir, "ca.pub")}
	run := func(ctx context.Context, args ...string) (string, error) {
		c := hostCommand()
		var out bytes.Buffer
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(args)
		err := c.ExecuteContext(ctx)
		return out.String(), err
	}
	installed := filepath.Join(dir, "ramp.conf")
	out, err := run(t.Context(), append([]string{"setup", "--install", installed}, host...)...)
	require.NoError(t, err, "%s", out)
	require.Contains(t, out, "installed")
	lines, err := os.ReadFile(installed)
	require.NoError(t, err)
	require.Contains(t, string(lines), "RevokedKeys "+filepath.Join(dir, "ramp", "revoked_keys"))

	port := ports.PortForTest(t).Number
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		_, err := run(ctx, append([]string{"serve", "--listen", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), "--host-key", filepath.Join(dir, "hostkey"),
			"--workers", filepath.Join(dir, "worker.pub")}, host...)...)
		served <- err
	}()
	file := filepath.Join(dir, "ramp.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `worker:
  targets:
    ssh/web:
      kind: sshfleet
      ca: ca
      users: [deploy]
      helperKey: worker
      hosts: [{name: web1, host: 127.0.0.1, helperPort: %d, hostKey: hostkey.pub, labels: {role: web}}]
`, port), 0o600))
	c, err := config.Load(file)
	require.NoError(t, err)
	target, err := c.Worker.Targets["ssh/web"].Config.Open(ctx, "ssh/web")
	require.NoError(t, err)
	led, err := ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { led.Close() })
	target.(integrations.HolderUser).UseHolders(led.Holders("ssh/web"))
	require.Eventually(t, func() bool { return target.(integrations.Pinger).Ping(ctx) == nil }, time.Minute, 50*time.Millisecond)

	id := access.NewRequestID()
	g := access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "ssh/web", Principal: "alice",
		Entitlement: access.Entitlement{"user": "deploy", "labels": map[string]any{"role": "web"}}, ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
	require.NoError(t, target.Grant(ctx, g))
	listed, err := os.ReadFile(filepath.Join(dir, "ramp", "principals", "deploy"))
	require.NoError(t, err)
	require.Contains(t, string(listed), g.Name)
	require.NoError(t, target.Revoke(ctx, g))
	found, err := target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, found.Gone())
	stop()
	require.NoError(t, <-served)
}
