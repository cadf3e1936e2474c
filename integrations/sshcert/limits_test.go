package sshcert

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/targettest"
)

// host is a host with its client, for limits that both kinds of host must enforce.
type host struct {
	config Config
	user   string
	run    func(t *testing.T, cred access.Credential, command string) (string, error)
}

func hosts(t *testing.T) map[string]func(t *testing.T) host {
	return map[string]func(t *testing.T) host{
		"demo": func(t *testing.T) host {
			c, _ := startDemo(t)
			return host{c, "deploy", func(t *testing.T, cred access.Credential, command string) (string, error) {
				client, err := dialGo(context.Background(), c, cred)
				if err != nil {
					return "", err
				}
				defer client.Close()
				return run(client, command)
			}}
		},
		"openssh": func(t *testing.T) host {
			c, me := startOpenSSH(t)
			return host{c, me, func(t *testing.T, cred access.Credential, command string) (string, error) {
				return sshRun(context.Background(), t, cred, command)
			}}
		},
	}
}

func TestLimits(t *testing.T) {
	for kind, start := range hosts(t) {
		t.Run(kind, func(t *testing.T) {
			h := start(t)
			target := openedTarget(t, h.config)
			minted := func(t *testing.T, e access.Entitlement) (access.Grant, access.Credential) {
				g := newGrant(e)
				require.NoError(t, target.Grant(context.Background(), g))
				cred, err := target.Mint(context.Background(), g)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, target.Revoke(context.Background(), g)) })
				return g, cred
			}

			t.Run("ForcedCommand", func(t *testing.T) {
				_, cred := minted(t, access.Entitlement{"user": h.user, "command": `echo only this, "quoted" \n`})
				out, err := h.run(t, cred, "whoami")
				require.NoError(t, err)
				require.Contains(t, out, "only this")
			})
			t.Run("FromElsewhere", func(t *testing.T) {
				_, cred := minted(t, access.Entitlement{"user": h.user, "sourceAddress": "10.0.0.0/8"})
				_, err := h.run(t, cred, "whoami")
				require.ErrorIs(t, err, targettest.ErrRefused)
			})
			t.Run("FromHere", func(t *testing.T) {
				_, cred := minted(t, access.Entitlement{"user": h.user, "sourceAddress": "127.0.0.0/8"})
				_, err := h.run(t, cred, "whoami")
				require.NoError(t, err)
			})
			t.Run("LineAlone", func(t *testing.T) { // a certificate of another authority
				g, _ := minted(t, access.Entitlement{"user": h.user})
				_, err := h.run(t, forged(t, g, h), "whoami")
				require.ErrorIs(t, err, targettest.ErrRefused)
			})
			t.Run("CertificateAlone", func(t *testing.T) { // its line names another login
				g, cred := minted(t, access.Entitlement{"user": h.user})
				from, to := filepath.Join(string(h.config.Dir), "principals", h.user), filepath.Join(string(h.config.Dir), "principals", "other")
				require.NoError(t, os.Rename(from, to))
				defer os.Rename(to, from)
				_, err := h.run(t, cred, "whoami")
				require.ErrorIs(t, err, targettest.ErrRefused, g.Name)
			})
			t.Run("LineRestoredAfterRevoke", func(t *testing.T) { // from a backup, say
				g, cred := minted(t, access.Entitlement{"user": h.user})
				path := filepath.Join(string(h.config.Dir), "principals", h.user)
				backup, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, target.Revoke(context.Background(), g))
				require.NoError(t, os.WriteFile(path, backup, 0o644))
				_, err = h.run(t, cred, "whoami")
				require.ErrorIs(t, err, targettest.ErrRefused, "the key is on the revoked list")
			})
			t.Run("LineExpiredCertificateNot", func(t *testing.T) {
				g, cred := minted(t, access.Entitlement{"user": h.user})
				path := filepath.Join(string(h.config.Dir), "principals", h.user)
				b, err := os.ReadFile(path)
				require.NoError(t, err)
				old := bytes.Replace(b, []byte(g.ExpiresAt.Format("20060102150405Z")), []byte("20200101000000Z"), 1)
				require.NotEqual(t, string(b), string(old))
				require.NoError(t, os.WriteFile(path, old, 0o644))
				_, err = h.run(t, cred, "whoami")
				require.ErrorIs(t, err, targettest.ErrRefused)
			})
			t.Run("RevokedListMissing", func(t *testing.T) {
				_, cred := minted(t, access.Entitlement{"user": h.user})
				path := filepath.Join(string(h.config.Dir), "revoked_keys")
				require.NoError(t, os.Rename(path, path+".away"))
				defer os.Rename(path+".away", path)
				_, err := h.run(t, cred, "whoami")
				require.ErrorIs(t, err, targettest.ErrRefused)
			})
		})
	}
}

// forged returns a credential that is right in all but its authority.
func forged(t *testing.T, g access.Grant, h host) access.Credential {
	c := h.config
	c.Dir = field.File(shortTemp(t))
	other := openedTarget(t, c)
	require.NoError(t, other.Grant(context.Background(), g))
	cred, err := other.Mint(context.Background(), g)
	require.NoError(t, err)
	return cred
}

// A client that has logged in and opened no session has no process with the
// grant in its environment, and could open a session after the end (docs/threats.md, case 31).
func TestCase31IdleConnection(t *testing.T) {
	c, me := startOpenSSH(t)
	target := openedTarget(t, c)
	g := newGrant(access.Entitlement{"user": me})
	require.NoError(t, target.Grant(context.Background(), g))
	cred, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	client := dialAs(t, c, cred, me)
	p, err := target.Inspect(context.Background(), g)
	require.NoError(t, err)
	require.Equal(t, 1, p.Sessions)

	require.NoError(t, target.Revoke(context.Background(), access.Grant{Name: g.Name}))
	_, err = client.NewSession()
	require.Error(t, err, "the connection outlived the access")
}

// A user may try to keep a process alive: clear its environment, and detach it.
func TestCase32ProcessesThatHide(t *testing.T) {
	c, me := startOpenSSH(t)
	for name, command := range map[string]string{
		"cleared environment":     "exec env -i /bin/sh -c 'echo $$; exec sleep 300'",
		"detached":                "setsid sh -c 'echo $$; exec sleep 300' </dev/null & wait",
		"detached, and gone home": "setsid sh -c 'echo $$; exec >/dev/null 2>&1; exec sleep 300' </dev/null &",
	} {
		t.Run(name, func(t *testing.T) {
			target := openedTarget(t, c)
			g := newGrant(access.Entitlement{"user": me})
			require.NoError(t, target.Grant(context.Background(), g))
			cred, err := target.Mint(context.Background(), g)
			require.NoError(t, err)
			client := dialAs(t, c, cred, me)
			session, err := client.NewSession()
			require.NoError(t, err)
			out, err := session.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, session.Start(command))
			var pid [16]byte
			n, err := out.Read(pid[:])
			require.NoError(t, err)
			proc := filepath.Join("/proc", strings.TrimSpace(string(pid[:n])))
			require.DirExists(t, proc)

			require.NoError(t, target.Revoke(context.Background(), access.Grant{Name: g.Name}))
			require.Eventually(t, func() bool { // init takes its time over the dead
				b, err := os.ReadFile(filepath.Join(proc, "stat"))
				return errors.Is(err, os.ErrNotExist) || strings.Contains(string(b), ") Z ")
			}, time.Minute, 10*time.Millisecond)
			p, err := target.Inspect(context.Background(), g)
			require.NoError(t, err)
			require.True(t, p.Gone())
			_, err = io.ReadAll(out)
			require.NoError(t, err)
		})
	}
}

func dialAs(t *testing.T, c Config, cred access.Credential, user string) *ssh.Client {
	t.Helper()
	client, err := dialUser(context.Background(), c, cred, user)
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}
