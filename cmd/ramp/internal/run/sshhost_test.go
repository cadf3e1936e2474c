package run

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations/sshcert"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testtools"
	"ramp.dev/ramp/worker"
)

// sshHost is a configuration with one SSH host, whose sshd can be started.
type sshHost struct {
	dir, file string
	port      int
	login     string
}

func newSSHHost(t *testing.T) sshHost {
	require.Zero(t, os.Geteuid(), "this test needs root, as sshd does; run it in a container")
	dir, err := os.MkdirTemp("", "ramp")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	me, err := user.Current()
	require.NoError(t, err)
	h := sshHost{dir: dir, file: filepath.Join(dir, "ramp.yaml"), port: ports.PortForTest(t).Number, login: me.Username}
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, "hostkey")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.WriteFile(h.file, fmt.Appendf(nil, `worker:
  targets:
    ssh/orders:
      kind: ssh
      dir: ssh
      users: [%s]
      host: 127.0.0.1
      port: %d
      hostKey: hostkey.pub
      sessions: {processes: true}
`, h.login, h.port), 0o600))
	return h
}

// run runs `ramp ssh-host` and returns what it prints.
func (h sshHost) run(args ...string) (string, error) {
	c := sshHostCommand()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(append(args, "--config", h.file))
	err := c.Execute()
	return out.String(), err
}

// startSSHD starts a real sshd that includes what the command installed.
func (h sshHost) startSSHD(t *testing.T, installed string) {
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755)) // sshd insists
	file := testtools.SSHD{Trust: "Include " + installed, Address: "127.0.0.1", Port: h.port, HostKey: filepath.Join(h.dir, "hostkey")}.Write(t, h.dir)
	cmd := exec.Command(defaultSSHD, "-D", "-e", "-f", file)
	var log bytes.Buffer
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log.String())
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.port))
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond, "sshd does not listen")
}

// The command sets up a real host: somebody gets in by a grant, and nobody after it.
func TestSSHHostSetsUpARealHost(t *testing.T) {
	ctx := context.Background()
	h := newSSHHost(t)
	installed := filepath.Join(h.dir, "ramp.conf")
	out, err := h.run("--install", installed)
	require.NoError(t, err, "%s", out)
	require.Contains(t, out, "installed for ssh/orders")
	h.startSSHD(t, installed)

	c, err := config.Load(h.file)
	require.NoError(t, err)
	target, err := c.Worker.Targets["ssh/orders"].Config.Open(ctx, "ssh/orders")
	require.NoError(t, err)
	id := access.NewRequestID()
	g := access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "ssh/orders", Principal: "alice",
		Entitlement: access.Entitlement{"user": h.login}, ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
	require.NoError(t, target.Grant(ctx, g))
	cred, err := target.(interface {
		Mint(context.Context, access.Grant) (access.Credential, error)
	}).Mint(ctx, g)
	require.NoError(t, err)
	client := filepath.Join(h.dir, "client")
	require.NoError(t, os.Mkdir(client, 0o700))
	for name, content := range cred.Files {
		require.NoError(t, os.WriteFile(filepath.Join(client, name), []byte(strings.ReplaceAll(content, "{{dir}}", client)), 0o600))
	}
	login := func() (string, error) {
		out, err := exec.Command("ssh", "-F", filepath.Join(client, "config"), "orders", "echo $RAMP_GRANT").CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	said, err := login()
	require.NoError(t, err, "%s", said)
	require.Equal(t, g.Name, said)

	require.NoError(t, target.Revoke(ctx, g))
	said, err = login()
	require.Error(t, err)
	require.Contains(t, said, "Permission denied")
}

func TestSSHHostPrints(t *testing.T) {
	h := newSSHHost(t)
	out, err := h.run()
	require.NoError(t, err)
	require.Contains(t, out, "TrustedUserCAKeys "+filepath.Join(h.dir, "ssh", "ca.pub")+"\n")
	_, err = h.run("ssh/other")
	require.ErrorContains(t, err, `no target "ssh/other" of kind ssh; it has: ssh/orders`)
	_, err = h.run("--sshd", filepath.Join(h.dir, "nothing"))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

// What sshd does not accept must not get where the next reload reads it.
func TestSSHHostInstallsNothingThatSSHDRefuses(t *testing.T) {
	h := newSSHHost(t)
	path := filepath.Join(h.dir, "ramp.conf")
	err := installLines(context.Background(), defaultSSHD, path, "NoSuchOption yes\n")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.ErrorContains(t, err, "NoSuchOption")
	require.NoFileExists(t, path)
}

func TestSSHTarget(t *testing.T) {
	var c config.Config
	_, _, err := targetOf[sshcert.Config](c, "ssh", nil)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	c.Worker.Targets = map[string]worker.TargetConfig{"ssh/a": worker.NewTargetConfig("ssh", sshcert.Config{Host: "a"}), "ssh/b": worker.NewTargetConfig("ssh", sshcert.Config{Host: "b"})}
	_, _, err = targetOf[sshcert.Config](c, "ssh", nil)
	require.ErrorContains(t, err, "name one target of kind ssh; the configuration has: ssh/a, ssh/b")
	name, host, err := targetOf[sshcert.Config](c, "ssh", []string{"ssh/b"})
	require.NoError(t, err)
	require.Equal(t, "ssh/b", name)
	require.Equal(t, "b", host.Host)
}
