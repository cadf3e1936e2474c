package postgres_test

import (
	"context"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/postgres"
	"ramp.dev/ramp/internal/netfault"
	"ramp.dev/ramp/internal/testcert"
)

// The verifier is what Postgres makes of the same password and salt (RFC 7677, section 3).
func TestVerifier(t *testing.T) {
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	require.NoError(t, err)
	v, err := postgres.VerifierOf("pencil", salt)
	require.NoError(t, err)
	require.Equal(t, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=", v)
}

// A server that writes down all that it is told has no password in what it wrote.
func TestNoPasswordCrosses(t *testing.T) {
	s, config := start(t, "log_statement=all", "log_min_duration_statement=0")
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	s.Exec(t, "orders", "SELECT 'the test begins'")
	c := minted(t, target, g)
	require.NoError(t, use(t.Context(), g, c))
	s.Exec(t, "orders", "SELECT 'the test ends'")
	// What the server writes is copied by another goroutine.
	require.Eventually(t, func() bool { return strings.Contains(s.Log(), "the test ends") }, time.Minute, 10*time.Millisecond)
	require.True(t, strings.Contains(s.Log(), "the test begins"), "nothing between has been cut off")
	require.True(t, strings.Contains(s.Log(), c.Env["PGUSER"]), "the server writes down what it is told")
	require.False(t, strings.Contains(s.Log(), c.Env["PGPASSWORD"]), "the password crossed in clear")
	require.NoError(t, target.Revoke(t.Context(), g))
}

// The server crashes and comes back: what was open is open, and what was closed closed.
func TestRestart(t *testing.T) {
	s, config := start(t, "fsync=on")
	target := opened(t, config)
	open, closed := newGrant(time.Hour, reads()), newGrant(time.Hour, reads())
	c, old := minted(t, target, open), minted(t, target, closed)
	require.NoError(t, target.Revoke(t.Context(), closed))
	s.Kill()
	for _, err := range []error{target.Revoke(t.Context(), open), target.Grant(t.Context(), newGrant(time.Hour, reads())), target.Ping(t.Context())} {
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	}
	_, err := target.Inspect(t.Context(), open)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "a server that is down says nothing of what is gone: %v", err)
	require.NoError(t, s.Start(t.Context()))
	require.NoError(t, use(t.Context(), open, c))
	require.Error(t, use(t.Context(), closed, old))
	require.NoError(t, target.Revoke(t.Context(), open))
	gone(t, s, target, open)
	gone(t, s, target, closed)
}

// A standby in the primary's place opens and ends nothing, and says of nothing that it is
// gone: it knows neither the last changes nor the primary's sessions.
func TestStandby(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	minted(t, target, g)
	standby := s.Standby(t)
	behind := opened(t, s.ConfigAt(standby))
	_, err := behind.Inspect(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	_, err = behind.List(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	for _, err := range []error{behind.Ping(t.Context()), behind.Revoke(t.Context(), g), behind.Grant(t.Context(), newGrant(time.Hour, reads()))} {
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "standby")
	}
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
}

// A network that is cut, torn or silent is no reply, and holds nobody up for longer than
// their own deadline.
func TestNetwork(t *testing.T) {
	s, config := start(t)
	wire := netfault.New(t, "127.0.0.1:0", s.Addr())
	through := s.ConfigAt(wire.Address())
	direct, target := opened(t, config), opened(t, through)
	for what, begin := range map[string]func() func(){
		"silent":            wire.Silent,
		"deaf":              wire.Deaf,
		"reset":             wire.Reset,
		"torn in handshake": func() func() { return wire.Torn(120) },
		"torn later":        func() func() { return wire.Torn(700) },
	} {
		t.Run(what, func(t *testing.T) {
			g := newGrant(time.Hour, reads())
			c := minted(t, direct, g)
			end := begin()
			defer end()
			var err error
			for _, call := range []func(context.Context) error{
				func(ctx context.Context) error { _, err := target.Inspect(ctx, g); return err },
				func(ctx context.Context) error { return target.Revoke(ctx, g) },
			} {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // each its own: a call that is held up uses it up
				err = call(ctx)
				cancel()
				if err != nil { // Inspect may be through before the tear
					require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
				}
			}
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), s.RampPassword())
			end()
			require.NoError(t, target.Revoke(t.Context(), g), "again, over the same wire")
			gone(t, s, direct, g)
			require.Error(t, use(t.Context(), g, c))
		})
	}
}

// A server in the place of the real one, which asks for the password in clear, does not
// get it.
func TestAnotherServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	heard := make(chan string, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				b := make([]byte, 4096)
				n, _ := conn.Read(b)
				text := string(b[:n])
				_, _ = conn.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3}) // AuthenticationCleartextPassword
				_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				n, _ = conn.Read(b)
				heard <- text + string(b[:n])
			}()
		}
	}()
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("secret-of-ramp"), 0o600))
	config := postgres.Config{Address: listener.Addr().String(), TLS: "disable", Password: field.SecretFile(password), Roles: []string{"orders_read"},
		Databases: map[string]postgres.Database{"orders": {}}}
	err = opened(t, config).Ping(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.NotContains(t, <-heard, "secret-of-ramp")
}

// Over TLS, with an authority of one's own, which people's clients get too.
func TestTLS(t *testing.T) {
	s, config := start(t)
	authority := serveTLS(t, s.Dir(), func(statements ...string) { s.Exec(t, "orders", statements...) })
	require.Eventually(t, func() bool { // the server is only signalled to read its settings again
		is, err := s.Texts(t.Context(), "orders", "SHOW ssl")
		return err == nil && len(is) == 1 && is[0] == "on"
	}, time.Minute, 10*time.Millisecond)
	config.TLS, config.CAFile = "verify-full", field.File(filepath.Join(t.TempDir(), "ca.pem"))
	require.NoError(t, os.WriteFile(string(config.CAFile), authority, 0o600))
	target := opened(t, config)
	require.NoError(t, target.Ping(t.Context()))
	g := newGrant(time.Hour, reads())
	c := minted(t, target, g)
	require.Equal(t, "verify-full", c.Env["PGSSLMODE"])
	require.Equal(t, "{{dir}}/root.crt", c.Env["PGSSLROOTCERT"])
	require.Equal(t, string(authority), c.Files["root.crt"])
	require.NoError(t, target.Revoke(t.Context(), g))

	stranger := config
	stranger.CAFile = field.File(testcert.New(t).Authority)
	err := opened(t, stranger).Ping(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "nobody vouches for it: %v", err)
	require.NoError(t, os.WriteFile(string(config.CAFile), []byte("none"), 0o600))
	_, err = config.Open(t.Context(), targetName)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}

// serveTLS has the server speak TLS, and returns the authority.
func serveTLS(t *testing.T, dir string, superuser func(...string)) []byte {
	certs := testcert.New(t)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	for name, from := range map[string]string{"server.crt": certs.Cert, "server.key": certs.Key} {
		b, err := os.ReadFile(from)
		require.NoError(t, err)
		path := filepath.Join(dir, "data", name)
		require.NoError(t, os.WriteFile(path, b, 0o600))
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			require.NoError(t, os.Chown(path, int(owner.Uid), int(owner.Gid)))
		}
	}
	superuser("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
	authority, err := os.ReadFile(certs.Authority)
	require.NoError(t, err)
	return authority
}
