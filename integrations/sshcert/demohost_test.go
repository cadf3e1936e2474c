package sshcert

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/dev/sshhost"
	"ramp.dev/ramp/integrations/targettest"
)

// startDemo starts a demo host and returns the configuration of its target.
func startDemo(t *testing.T) (Config, *sshhost.Host) {
	dir := shortTemp(t)
	host, err := sshhost.Start(context.Background(), sshhost.Config{Dir: dir, Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close()) })
	return Config{
		Dir: field.File(dir), Users: []string{"deploy", "other"}, Host: "127.0.0.1", Port: host.Addr().Port,
		HostKey:  field.FileOrText(sshhost.HostKeyPath(dir)),
		Sessions: SessionsConfig{Control: field.File(sshhost.ControlPath(dir))},
	}, host
}

func TestConformanceDemoHost(t *testing.T) {
	t.Parallel()
	c, _ := startDemo(t)
	h := harness(c, "deploy")
	h.Use = func(ctx context.Context, g access.Grant, cred access.Credential) error {
		client, err := dialGo(ctx, c, cred)
		if err != nil {
			return err
		}
		defer client.Close()
		out, err := run(client, "whoami")
		if err == nil && out != "deploy\n" {
			err = fmt.Errorf("whoami says %q", out)
		}
		return err
	}
	h.Dial = func(ctx context.Context, g access.Grant, cred access.Credential) (targettest.Session, error) {
		client, err := dialGo(ctx, c, cred)
		if err != nil {
			return nil, err
		}
		return shellOf(client)
	}
	targettest.Run(t, h)
}

// dialGo logs in with the files of a credential, by Go's own SSH client.
func dialGo(ctx context.Context, c Config, cred access.Credential) (*ssh.Client, error) {
	return dialUser(ctx, c, cred, "deploy")
}

func dialUser(ctx context.Context, c Config, cred access.Credential, user string) (*ssh.Client, error) {
	dir, err := os.MkdirTemp("", "ramp")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := place(dir, cred); err != nil {
		return nil, err
	}
	signer, err := certSigner(cred)
	if err != nil {
		return nil, err
	}
	known, err := knownhosts.New(filepath.Join(dir, "known_hosts"))
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(c.Host, fmt.Sprint(c.Port))
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	sc, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: known,
	})
	if err != nil {
		conn.Close()
		if strings.Contains(err.Error(), "unable to authenticate") {
			err = errors.Join(targettest.ErrRefused, err)
		}
		return nil, err
	}
	return ssh.NewClient(sc, channels, requests), nil
}

func certSigner(cred access.Credential) (ssh.Signer, error) {
	key, err := ssh.ParsePrivateKey([]byte(cred.Files["id"]))
	if err != nil {
		return nil, err
	}
	cert, _, _, _, err := ssh.ParseAuthorizedKey([]byte(cred.Files["id-cert.pub"]))
	if err != nil {
		return nil, err
	}
	return ssh.NewCertSigner(cert.(*ssh.Certificate), key)
}

// run runs one command. A connection that closes meanwhile was cut.
func run(client *ssh.Client, command string) (string, error) {
	session, err := client.NewSession()
	if err != nil {
		return "", errors.Join(targettest.ErrRefused, err)
	}
	defer session.Close()
	out, err := session.Output(command)
	var status *ssh.ExitError
	if err != nil && (!errors.As(err, &status) || status.ExitStatus() == 255) {
		err = errors.Join(targettest.ErrRefused, err)
	}
	return string(out), err
}

// goShell is a live shell, driven line by line.
type goShell struct {
	client *ssh.Client
	in     io.Writer
	out    *bufio.Reader
	n      int
}

func shellOf(client *ssh.Client) (*goShell, error) {
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	in, err := session.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &goShell{client: client, in: in, out: bufio.NewReader(out)}, session.Shell()
}

func (s *goShell) Alive(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { s.client.Close() })()
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

func (s *goShell) Close() error { return s.client.Close() }
