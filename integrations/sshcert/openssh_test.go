package sshcert

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testtools"
)

// startOpenSSH starts a real sshd on a free port. Its login is the account that runs the
// tests. Each change is made to the target's configuration first.
func startOpenSSH(t *testing.T, change ...func(*Config)) (Config, string) {
	t.Helper()
	sshd := "/usr/sbin/sshd"
	for _, program := range []string{sshd, "ssh", "ssh-keygen"} {
		_, err := exec.LookPath(program)
		require.NoErrorf(t, err, "this test needs OpenSSH: apt-get install openssh-server openssh-client")
	}
	require.Zero(t, os.Geteuid(), "this test needs root, as sshd and the processes of its sessions do; run it in a container")
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755)) // sshd insists
	me, err := user.Current()
	require.NoError(t, err)

	dir := shortTemp(t)
	hostKey := filepath.Join(dir, "host")
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", hostKey).CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	c := Config{
		Dir: field.File(filepath.Join(dir, "ramp")), Users: []string{me.Username, "other"},
		Host: "127.0.0.1", Port: ports.PortForTest(t).Number, HostKey: field.FileOrText(hostKey + ".pub"), Sessions: SessionsConfig{Processes: true},
	}
	for _, do := range change {
		do(&c)
	}
	_, err = c.Open(context.Background(), "ssh/demo") // makes the files that sshd reads
	require.NoError(t, err)
	version, err := exec.Command(sshd, "-V").CombinedOutput()
	require.NoErrorf(t, err, "%s", version)
	trust, err := c.HostConfig(string(version))
	require.NoError(t, err)
	config := testtools.SSHD{Trust: trust, Address: "127.0.0.1", Port: c.Port, HostKey: hostKey}.Write(t, dir)
	serveOpenSSH(t, sshd, config, c.Port)
	return c, me.Username
}

func serveOpenSSH(t *testing.T, sshd, config string, port int) {
	var log bytes.Buffer
	cmd := exec.Command(sshd, "-D", "-e", "-f", config)
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log.String())
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", fmt.Sprint(port)))
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond, "sshd does not listen")
}

func TestConformanceOpenSSH(t *testing.T) {
	t.Parallel()
	c, me := startOpenSSH(t)
	targettest.Run(t, openSSHHarness(t, c, me))
}

// openSSHHarness uses OpenSSH's own client.
func openSSHHarness(t *testing.T, c Config, me string) targettest.Harness {
	h := harness(c, me)
	h.Use = func(ctx context.Context, g access.Grant, cred access.Credential) error {
		out, err := sshRun(ctx, t, cred, "echo $"+"RAMP_GRANT")
		if err == nil && strings.TrimSpace(out) != g.Name {
			err = fmt.Errorf("RAMP_GRANT is %q", out)
		}
		return err
	}
	h.Dial = func(ctx context.Context, g access.Grant, cred access.Credential) (targettest.Session, error) {
		return sshShell(t, cred)
	}
	h.Lacks.SessionExpiry = "sshd checks expiry at login only; the workflow's revoke cuts what is live"
	return h
}

// sshCommand returns OpenSSH's own client with a credential's files.
func sshCommand(ctx context.Context, t *testing.T, cred access.Credential, args ...string) *exec.Cmd {
	dir, err := os.MkdirTemp(t.TempDir(), "cred")
	require.NoError(t, err)
	require.NoError(t, place(dir, cred))
	arguments := slices.Clone(cred.Arguments["ssh"])
	for i := range arguments {
		arguments[i] = strings.ReplaceAll(arguments[i], "{{dir}}", dir)
	}
	return exec.CommandContext(ctx, "ssh", slices.Concat(arguments, []string{"demo"}, args)...)
}

// sshRun runs one command.
func sshRun(ctx context.Context, t *testing.T, cred access.Credential, args ...string) (string, error) {
	return ran(sshCommand(ctx, t, cred, args...))
}

// ran runs one of ssh's commands, and returns what it prints.
func ran(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	text := stderr.String()
	switch {
	case err == nil:
	case strings.Contains(text, "Permission denied"), strings.Contains(text, "closed by"), strings.Contains(text, "reset by"):
		err = errors.Join(targettest.ErrRefused, errors.New(text))
	default:
		err = fmt.Errorf("%w: %s", err, text)
	}
	return stdout.String(), err
}

// sshProcess is a live shell in a running ssh.
type sshProcess struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
	n   int
}

func sshShell(t *testing.T, cred access.Credential) (*sshProcess, error) {
	s := &sshProcess{cmd: sshCommand(context.Background(), t, cred, "exec /bin/sh")}
	in, err := s.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	s.in, s.out = in, bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	// Without a first round trip, the session may not be there yet.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return s, s.Alive(ctx)
}

func (s *sshProcess) Alive(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { s.cmd.Process.Kill() })()
	s.n++
	want := fmt.Sprintf("ping-%d\n", s.n)
	if _, err := io.WriteString(s.in, "echo "+want); err != nil {
		return err
	}
	got, err := s.out.ReadString('\n')
	if err == nil && got != want {
		err = fmt.Errorf("got %q, want %q", got, want)
	}
	return err
}

func (s *sshProcess) Close() error {
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()
	return nil
}

// A script that goes on trying an ended grant's key must not shut out the other
// grants from its address, as an sshd from 9.8 on would by itself (docs/threats.md, case 91).
func TestCase91FailedLoginsShutNobodyOut(t *testing.T) {
	c, me := startOpenSSH(t)
	target := openedTarget(t, c)
	minted := func() (access.Grant, access.Credential) {
		g := newGrant(access.Entitlement{"user": me})
		require.NoError(t, target.Grant(context.Background(), g))
		cred, err := target.Mint(context.Background(), g)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, target.Revoke(context.Background(), g)) })
		return g, cred
	}
	ended, old := minted()
	_, other := minted()
	require.NoError(t, target.Revoke(context.Background(), ended))
	for range 20 {
		_, err := sshRun(context.Background(), t, old, "true")
		require.ErrorIs(t, err, targettest.ErrRefused)
		require.ErrorContains(t, err, "Permission denied", "refused at login, not before")
	}
	_, err := sshRun(context.Background(), t, other, "true")
	require.NoError(t, err, "the other grant's login was shut out")
}
