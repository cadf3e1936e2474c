package sshhost_test

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/integrations"
)

func TestCutAtExpiry(t *testing.T) {
	d := startDemo(t)
	g := d.grant(3 * time.Second)
	session, _, s := d.terminal(d.client(g))
	s.shows(t, "Your access ends in ")
	require.Error(t, session.Wait())
	require.GreaterOrEqual(t, time.Since(g.ExpiresAt), -50*time.Millisecond)
	require.Contains(t, s.String(), "Access ended.")
}

func TestCutByRevoke(t *testing.T) {
	d := startDemo(t)
	g := d.grant(10 * time.Minute)
	client := d.client(g)
	session, _, s := d.terminal(client)
	s.shows(t, "$ ")
	require.NoError(t, d.target.Revoke(context.Background(), g))
	var exit *ssh.ExitError
	if err := session.Wait(); err != nil {
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 255, exit.ExitStatus())
	}
	require.Contains(t, s.String(), "Access ended.")
	_, err := client.NewSession()
	require.Error(t, err)
}

// Somebody removes the line by hand, without the control socket.
func TestCutWhenTheLineVanishes(t *testing.T) {
	d := startDemo(t)
	session, _, _ := d.terminal(d.client(d.grant(10 * time.Minute)))
	require.NoError(t, os.WriteFile(d.dir+"/principals/deploy", nil, 0o644))
	require.Error(t, session.Wait())
}

// A live session follows its line past the end of its certificate.
func TestExtendedSessionLivesOn(t *testing.T) {
	d := startDemo(t)
	g := d.grant(5 * time.Second)
	old := g.ExpiresAt
	signer := d.signer(g)
	client, _, err := d.login("deploy", ssh.PublicKeys(signer))
	require.NoError(t, err)
	_, in, s := d.terminal(client)
	g.ExpiresAt = old.Add(10 * time.Minute)
	require.NoError(t, d.target.(integrations.Extender).Extend(context.Background(), g))
	time.Sleep(time.Until(old.Add(1500 * time.Millisecond)))
	_, err = io.WriteString(in, "echo still-here\r")
	require.NoError(t, err)
	s.shows(t, "\nstill-here")
	_, _, err = d.login("deploy", ssh.PublicKeys(signer))
	require.Error(t, err, "the old certificate is for logging in no more")
	require.NoError(t, d.target.Revoke(context.Background(), g))
}

func TestWarnsBeforeTheEnd(t *testing.T) {
	d := startDemo(t)
	g := d.grant(62 * time.Second)
	_, _, s := d.terminal(d.client(g))
	const says = "Your access ends in"
	s.shows(t, "Try help")
	greeting, _, _ := strings.Cut(s.String(), "Try help")
	require.Equal(t, 1, strings.Count(greeting, says))
	require.Eventually(t, func() bool { return strings.Count(s.String(), says) == 2 }, time.Minute, 50*time.Millisecond)
	require.NoError(t, d.target.Revoke(context.Background(), g))
}

// A client that reads nothing fills its window, and the host's farewell cannot be
// written. The connection must be cut nevertheless.
func TestCase31ClientThatReadsNothing(t *testing.T) {
	d := startDemo(t)
	g := d.grant(10 * time.Minute)
	raw, err := net.Dial("tcp", d.host.Addr().String())
	require.NoError(t, err)
	defer raw.Close()
	stuck := &stuckConn{Conn: raw, stop: make(chan struct{}), done: make(chan struct{})}
	defer close(stuck.done)
	conn, channels, requests, err := ssh.NewClientConn(stuck, "demo", &ssh.ClientConfig{
		User: "deploy", Auth: []ssh.AuthMethod{ssh.PublicKeys(d.signer(g))}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	require.NoError(t, err)
	client := ssh.NewClient(conn, channels, requests)
	session, err := client.NewSession()
	require.NoError(t, err)
	in, err := session.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, session.Shell())
	close(stuck.stop)
	go io.WriteString(in, strings.Repeat("cat orders.log README runbook.md\n", 100_000))
	require.Eventually(t, func() bool {
		p, err := d.target.Inspect(context.Background(), g)
		return err == nil && p.Sessions == 1
	}, time.Minute, 10*time.Millisecond)

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	require.NoError(t, d.target.Revoke(ctx, g))
	p, err := d.target.Inspect(context.Background(), g)
	require.NoError(t, err)
	require.True(t, p.Gone())
}

// stuckConn stops reading when stop is closed.
type stuckConn struct {
	net.Conn
	stop, done chan struct{}
}

func (c *stuckConn) Read(b []byte) (int, error) {
	select {
	case <-c.stop:
		<-c.done
		return 0, io.EOF
	default:
		return c.Conn.Read(b)
	}
}
