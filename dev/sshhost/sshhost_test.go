package sshhost_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/dev/sshhost"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert"
)

// demo is a demo host and its target.
type demo struct {
	t      *testing.T
	dir    string
	host   *sshhost.Host
	target integrations.Target
}

func startDemo(t *testing.T) *demo {
	dir, err := os.MkdirTemp("", "ramp") // short, because a socket's path must be
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	host, err := sshhost.Start(context.Background(), sshhost.Config{Dir: dir, Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close()) })
	target, err := sshcert.Config{Dir: field.File(dir), Users: []string{"deploy"}, Host: "127.0.0.1", Port: host.Addr().Port,
		HostKey: field.FileOrText(sshhost.HostKeyPath(dir)), Sessions: sshcert.SessionsConfig{Control: field.File(sshhost.ControlPath(dir))},
	}.Open(context.Background(), "ssh/demo")
	require.NoError(t, err)
	return &demo{t, dir, host, target}
}

// grant opens access for a while.
func (d *demo) grant(life time.Duration) access.Grant {
	id := access.NewRequestID()
	g := access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "ssh/demo",
		Entitlement: access.Entitlement{"user": "deploy"},
		ExpiresAt:   time.Now().UTC().Add(life + time.Second - 1).Truncate(time.Second)}
	require.NoError(d.t, d.target.Grant(context.Background(), g))
	return g
}

// signer mints a credential for a grant.
func (d *demo) signer(g access.Grant) ssh.Signer {
	cred, err := d.target.(integrations.Minter).Mint(context.Background(), g)
	require.NoError(d.t, err)
	key, err := ssh.ParsePrivateKey([]byte(cred.Files["id"]))
	require.NoError(d.t, err)
	cert, _, _, _, err := ssh.ParseAuthorizedKey([]byte(cred.Files["id-cert.pub"]))
	require.NoError(d.t, err)
	signer, err := ssh.NewCertSigner(cert.(*ssh.Certificate), key)
	require.NoError(d.t, err)
	return signer
}

func (d *demo) login(user string, auth ...ssh.AuthMethod) (*ssh.Client, string, error) {
	var banner string
	client, err := ssh.Dial("tcp", d.host.Addr().String(), &ssh.ClientConfig{
		User: user, Auth: auth, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		BannerCallback: func(m string) error { banner += m; return nil },
	})
	if err == nil {
		d.t.Cleanup(func() { client.Close() })
	}
	return client, banner, err
}

func (d *demo) client(g access.Grant) *ssh.Client {
	client, _, err := d.login("deploy", ssh.PublicKeys(d.signer(g)))
	require.NoError(d.t, err)
	return client
}

// screen collects what a terminal shows.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func (s *screen) shows(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(s.String(), text) }, time.Minute, 10*time.Millisecond, "%q", text)
}

func (d *demo) terminal(client *ssh.Client) (*ssh.Session, io.Writer, *screen) {
	session, err := client.NewSession()
	require.NoError(d.t, err)
	s := new(screen)
	session.Stdout, session.Stderr = s, s
	in, err := session.StdinPipe()
	require.NoError(d.t, err)
	require.NoError(d.t, session.RequestPty("xterm", 40, 120, ssh.TerminalModes{}))
	require.NoError(d.t, session.Shell())
	return session, in, s
}

func TestTerminal(t *testing.T) {
	d := startDemo(t)
	g := d.grant(10 * time.Minute)
	session, in, s := d.terminal(d.client(g))
	s.shows(t, "by the grant "+g.Name)
	s.shows(t, "Your access ends in ")
	type_ := func(text string) {
		_, err := io.WriteString(in, text)
		require.NoError(t, err)
	}
	type_("orders retry 1042\r")
	s.shows(t, "order 1042: payment went through")
	type_("rm -rf /\x03who\t\r") // Ctrl-C drops the line, Tab completes
	s.shows(t, "\ndeploy\r\n")
	type_("grant\r")
	s.shows(t, "time left")
	require.NotContains(t, s.String(), "rm: no such command")
	type_("exit\r")
	require.NoError(t, session.Wait())
}

func TestCommands(t *testing.T) {
	d := startDemo(t)
	client := d.client(d.grant(10 * time.Minute))
	for command, want := range map[string]struct {
		status int
		shows  string
	}{
		"whoami": {0, "deploy\n"}, "hostname": {0, "demo\n"}, "pwd": {0, "/home/deploy\n"}, "ls": {0, "orders.log"},
		"cat README": {0, "Ramp's demo"}, "cat ./runbook.md README": {0, "orders retry 1042"},
		"tail orders.log": {0, "1043 paid"}, "grep WARN orders.log": {0, "timed out"}, "date": {0, "UTC"},
		"uptime": {0, "load average"}, "help": {0, "orders [ID | retry ID]"}, "echo a  b": {0, "a b\n"},
		"orders": {0, "310.00 EUR"}, "orders 1041": {0, "considered harmful"}, "": {0, ""}, "exit": {0, ""},
		"cat /etc/passwd": {1, "no such file"}, "cat ../../etc/passwd": {1, "no such file"}, "cat": {2, "usage: cat"},
		"grep nothing orders.log": {1, ""}, "orders 7": {1, "no order 7"}, "orders retry 1039": {1, "nothing to retry"},
		"orders retry": {2, "usage"}, "whoami x": {2, "usage"}, "sh -c id": {127, "no such command"},
		"\x1b]0;evil\a": {127, "]0;evil: no such command"},
	} {
		t.Run(command, func(t *testing.T) {
			session, err := client.NewSession()
			require.NoError(t, err)
			defer session.Close()
			out, err := session.CombinedOutput(command)
			status := 0
			var exit *ssh.ExitError
			if errors.As(err, &exit) {
				status = exit.ExitStatus()
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, want.status, status)
			require.Contains(t, string(out), want.shows)
			require.NotContains(t, string(out), "\x1b")
		})
	}
}

// Without a terminal it reads lines, as scripts pipe them.
func TestPipedShell(t *testing.T) {
	d := startDemo(t)
	session, err := d.client(d.grant(10 * time.Minute)).NewSession()
	require.NoError(t, err)
	var out bytes.Buffer
	session.Stdin, session.Stdout = strings.NewReader("whoami\nhostname\nnonsense\n"), &out
	require.NoError(t, session.Shell())
	var exit *ssh.ExitError
	require.ErrorAs(t, session.Wait(), &exit)
	require.Equal(t, 127, exit.ExitStatus(), "the last line's")
	require.Equal(t, "deploy\ndemo\n", out.String())
}

func TestRefused(t *testing.T) {
	d := startDemo(t)
	g := d.grant(10 * time.Minute)
	plain := d.newKey()
	for name, c := range map[string]struct {
		user   string
		auth   ssh.AuthMethod
		banner string
	}{
		"password":         {"deploy", ssh.Password("deploy"), ""},
		"plain key":        {"deploy", ssh.PublicKeys(plain), "only user certificates"},
		"another login":    {"root", ssh.PublicKeys(d.signer(g)), "does not admit"},
		"login is a path":  {"../deploy", ssh.PublicKeys(d.signer(g)), "does not admit"},
		"another's CA":     {"deploy", ssh.PublicKeys(d.certified(plain, nil)), "another authority"},
		"host certificate": {"deploy", ssh.PublicKeys(d.certified(plain, func(c *ssh.Certificate) { c.CertType = ssh.HostCert })), "only user certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			_, banner, err := d.login(c.user, c.auth)
			require.ErrorContains(t, err, "unable to authenticate")
			require.Contains(t, banner, c.banner)
		})
	}
}

// Certificates that the authority signed, but should not have.
func TestBadCertificates(t *testing.T) {
	d := startDemo(t)
	g := d.grant(10 * time.Minute)
	b, err := os.ReadFile(d.dir + "/ca")
	require.NoError(t, err)
	ca, err := ssh.ParsePrivateKey(b)
	require.NoError(t, err)
	now := time.Now()
	for name, c := range map[string]struct {
		change func(*ssh.Certificate)
		ok     bool
	}{
		"as it should be": {func(*ssh.Certificate) {}, true},
		"no principals":   {func(c *ssh.Certificate) { c.ValidPrincipals = nil }, false},
		"for ever":        {func(c *ssh.Certificate) { c.ValidBefore = ssh.CertTimeInfinity }, false},
		"expired":         {func(c *ssh.Certificate) { c.ValidBefore = uint64(now.Unix()) }, false},
		"not yet":         {func(c *ssh.Certificate) { c.ValidAfter = uint64(now.Add(time.Hour).Unix()) }, false},
		"the login":       {func(c *ssh.Certificate) { c.ValidPrincipals = []string{"deploy"} }, false},
		"unknown option": {func(c *ssh.Certificate) {
			c.CriticalOptions = map[string]string{"verify-required": ""}
		}, false},
		"from elsewhere": {func(c *ssh.Certificate) {
			c.CriticalOptions = map[string]string{"source-address": "10.0.0.0/8"}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			key := d.newKey()
			cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{g.Name},
				ValidBefore: uint64(now.Add(time.Minute).Unix())}
			c.change(cert)
			require.NoError(t, cert.SignCert(rand.Reader, ca))
			signer, err := ssh.NewCertSigner(cert, key)
			require.NoError(t, err)
			_, _, err = d.login("deploy", ssh.PublicKeys(signer))
			require.Equal(t, c.ok, err == nil, "%v", err)
		})
	}
}

func (d *demo) newKey() ssh.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(d.t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(d.t, err)
	return signer
}

// certified returns a certificate of an authority that the host does not trust.
func (d *demo) certified(key ssh.Signer, change func(*ssh.Certificate)) ssh.Signer {
	cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"deploy"}, ValidBefore: ssh.CertTimeInfinity}
	if change != nil {
		change(cert)
	}
	require.NoError(d.t, cert.SignCert(rand.Reader, d.newKey()))
	signer, err := ssh.NewCertSigner(cert, key)
	require.NoError(d.t, err)
	return signer
}

// This host offers sessions and nothing else.
func TestNothingButSessions(t *testing.T) {
	d := startDemo(t)
	client := d.client(d.grant(10 * time.Minute))
	_, err := client.Dial("tcp", d.host.Addr().String())
	require.ErrorContains(t, err, "sessions only")
	_, err = client.Listen("tcp", "127.0.0.1:0")
	require.Error(t, err)
	session, err := client.NewSession()
	require.NoError(t, err)
	require.Error(t, session.RequestSubsystem("sftp"))
	require.Error(t, session.Setenv("LD_PRELOAD", "x"))
}

func TestStart(t *testing.T) {
	d := startDemo(t)
	start := func(dir, addr string) error {
		h, err := sshhost.Start(context.Background(), sshhost.Config{Dir: dir, Addr: addr})
		if err == nil {
			h.Close()
		}
		return err
	}
	for _, addr := range []string{"0.0.0.0:0", ":0", "10.0.0.1:22", "demo.example:22", "127.0.0.1", ""} {
		require.Equal(t, access.CodeInvalid, access.CodeOf(start(t.TempDir(), addr)), addr)
	}
	require.Equal(t, access.CodeInvalid, access.CodeOf(start(t.TempDir()+strings.Repeat("/long", 20), "127.0.0.1:0")), "no room for a socket")
	require.Equal(t, access.CodeConflict, access.CodeOf(start(d.dir, "127.0.0.1:0")), "the same directory twice")
	require.Equal(t, access.CodeConflict, access.CodeOf(start(t.TempDir(), d.host.Addr().String())), "the port is taken")
}

// After a kill -9 the socket's file is still there, and the keys are the same.
func TestRestart(t *testing.T) {
	d := startDemo(t)
	g := d.grant(10 * time.Minute)
	key, err := os.ReadFile(sshhost.HostKeyPath(d.dir))
	require.NoError(t, err)
	require.NoError(t, d.host.Close())
	stale, err := net.Listen("unix", sshhost.ControlPath(d.dir))
	require.NoError(t, err)
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, stale.Close())

	ctx, cancel := context.WithCancel(context.Background())
	d.host, err = sshhost.Start(ctx, sshhost.Config{Dir: d.dir, Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	again, err := os.ReadFile(sshhost.HostKeyPath(d.dir))
	require.NoError(t, err)
	require.Equal(t, string(key), string(again))
	info, err := os.Stat(sshhost.ControlPath(d.dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	client := d.client(g)
	cancel() // ends the host, and what is live on it
	require.Error(t, client.Wait())
	require.NoError(t, d.host.Close())
}
