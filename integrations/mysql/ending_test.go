package mysql_test

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	client "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/mysql"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
)

const within, each = time.Minute, 50 * time.Millisecond

// run runs statements with a credential, in one session.
func run(t *testing.T, c access.Credential, statements ...string) {
	t.Helper()
	conn, end, err := connected(t.Context(), c)
	require.NoError(t, err)
	defer end()
	for _, one := range statements {
		_, err := conn.ExecContext(t.Context(), one)
		require.NoError(t, err, one)
	}
}

// rowsOf returns how many rows a table has, by the administrator.
func rowsOf(t *testing.T, s *mysqltest.Server, table string) string {
	t.Helper()
	n, err := s.Texts(t.Context(), "SELECT COUNT(*) FROM "+table)
	require.NoError(t, err)
	return n[0]
}

// awaitRows waits until the table that events write to has a row.
func awaitRows(t *testing.T, s *mysqltest.Server, what string) {
	t.Helper()
	require.Eventually(t, func() bool {
		n, err := s.Texts(t.Context(), "SELECT COUNT(*) FROM workshop.done")
		return err == nil && n[0] != "0"
	}, within, each, what)
}

// endsNow brings a grant's end forward to this moment, in the server's own record: a short
// life would have to outlast whatever a test does before it.
func endsNow(t *testing.T, s *mysqltest.Server, g access.Grant) {
	t.Helper()
	s.Exec(t, "UPDATE ramp.grants SET ends = UNIX_TIMESTAMP() WHERE name = '"+g.Name+"'")
}

// TestCase144AnEventGoesOn: what runs by itself under the grant's name ends with the grant,
// also where Ramp is gone and only the server's own event ends it; revoking removes it and
// keeps its text.
func TestCase144AnEventGoesOn(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	for _, way := range []string{"Ramp revokes", "Ramp is gone"} {
		t.Run(way, func(t *testing.T) {
			s.Exec(t, "TRUNCATE workshop.done")
			g := newGrant(time.Hour, makes())
			c := minted(t, target, g)
			run(t, c, "CREATE DEFINER = CURRENT_ROLE EVENT workshop.again ON SCHEDULE EVERY 1 SECOND DO INSERT INTO workshop.done () VALUES ()",
				"CREATE DEFINER = CURRENT_ROLE EVENT workshop.`lon``g` ON SCHEDULE EVERY 1 SECOND DO BEGIN DO SLEEP(600); INSERT INTO workshop.done () VALUES (); END",
				"CREATE DEFINER = CURRENT_ROLE TRIGGER workshop.tr AFTER INSERT ON workshop.done FOR EACH ROW SET @x = NEW.id")
			awaitRows(t, s, "the event runs")
			if way == "Ramp is gone" {
				endsNow(t, s, g)
			} else {
				require.NoError(t, target.Revoke(t.Context(), g))
				gone(t, s, target, g)
			}
			require.Eventually(t, func() bool {
				n, err := s.Texts(t.Context(), "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER LIKE 'ramp-%'")
				role, err2 := s.Texts(t.Context(), "SELECT User FROM mysql.global_priv WHERE User = ?", g.Name)
				return err == nil && err2 == nil && n[0] == "0" && len(role) == 0
			}, within, each, "what its events run is killed, and its role is gone")
			require.NoError(t, target.Revoke(t.Context(), g))
			gone(t, s, target, g)
			before := rowsOf(t, s, "workshop.done")
			s.Exec(t, "INSERT INTO workshop.done () VALUES ()") // no trigger without an owner fails it
			require.NotEqual(t, before, rowsOf(t, s, "workshop.done"))
			left, err := s.Texts(t.Context(), "SELECT CONCAT(db, '.', name) FROM mysql.event WHERE db = 'workshop'")
			require.NoError(t, err)
			require.Empty(t, left)
			kept, err := s.Texts(t.Context(), "SELECT statement FROM ramp.removed WHERE grant_name = ? ORDER BY id", g.Name)
			require.NoError(t, err)
			require.Len(t, kept, 3)
			require.Contains(t, strings.Join(kept, "\n"), "FOR EACH ROW SET @x = NEW.id")
		})
	}
}

// TestCase144AnAccomplice: a routine with the grant's rights, which somebody else runs in
// their own session, ends with the grant: that session has the grant's name meanwhile.
func TestCase144AnAccomplice(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, makes())
	c := minted(t, target, g)
	run(t, c, "CREATE DEFINER = CURRENT_ROLE PROCEDURE workshop.on_and_on() BEGIN WHILE TRUE DO INSERT INTO workshop.done () VALUES (); DO SLEEP(0.05); END WHILE; END",
		"CREATE DEFINER = CURRENT_ROLE PROCEDURE workshop.once() INSERT INTO workshop.done () VALUES ()",
		"CREATE DEFINER = CURRENT_ROLE VIEW workshop.door AS SELECT * FROM sales.orders")
	carol, end, err := mysqltest.Connect(t.Context(), s.As("carol", "carols"))
	require.NoError(t, err)
	defer end()
	ended := make(chan error, 1)
	go func() {
		_, err := carol.ExecContext(context.WithoutCancel(t.Context()), "CALL workshop.on_and_on()")
		ended <- err
	}()
	awaitRows(t, s, "it runs")
	require.Eventually(t, func() bool { // the server may not have seen yet that the session above has left
		back, err := target.Inspect(t.Context(), g)
		return err == nil && back.Sessions == 1
	}, within, each, "an accomplice's session is counted")
	require.NoError(t, target.Revoke(t.Context(), g))
	select {
	case err := <-ended:
		require.Error(t, err)
	case <-time.After(within):
		t.Fatal("the accomplice goes on")
	}
	gone(t, s, target, g)
	again, end2, err := mysqltest.Connect(t.Context(), s.As("carol", "carols"))
	require.NoError(t, err)
	defer end2()
	for _, statement := range []string{"CALL workshop.once()", "SELECT * FROM workshop.door"} {
		_, err = again.ExecContext(t.Context(), statement)
		require.Error(t, err, "%s works after the end", statement)
	}
}

// TestCase144OneClosedHalf: a server that crashed between two statements of closing, or a
// login that was unlocked while its grant was closed, is finished by the server itself.
func TestCase144OneClosedHalf(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	c := minted(t, target, g)
	session, err := dial(t.Context(), c)
	require.NoError(t, err)
	defer session.Close()
	s.Exec(t, "UPDATE ramp.grants SET closed = UNIX_TIMESTAMP() WHERE name = '"+g.Name+"'")
	require.Eventually(t, func() bool { return session.Alive(t.Context()) != nil && use(t.Context(), g, c) != nil }, within, each)
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
}

// A grant that was closed never opens again: not by granting, picking up, extending or
// restoring, nor where its revoke came first; and one that has ended by the clock is
// closed.
func TestNeverOpensAgain(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	revoked, never, ended := newGrant(time.Hour, reads()), newGrant(time.Hour, reads()), newGrant(time.Hour, reads())
	minted(t, target, revoked)
	require.NoError(t, target.Grant(t.Context(), ended))
	endsNow(t, s, ended)
	require.NoError(t, target.Revoke(t.Context(), revoked))
	require.NoError(t, target.Revoke(t.Context(), never))
	require.Eventually(t, func() bool {
		roles, err := s.Texts(t.Context(), "SELECT User FROM mysql.global_priv WHERE User = ?", ended.Name)
		return err == nil && len(roles) == 0
	}, within, each, "the server's event ends it")
	ended.ExpiresAt = ended.ExpiresAt.Add(time.Hour)
	for what, g := range map[string]access.Grant{"revoked": revoked, "revoked first": never, "ended by the server": ended} {
		t.Run(what, func(t *testing.T) {
			require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(t.Context(), g)))
			_, err := target.Mint(t.Context(), g)
			require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
			require.Equal(t, access.CodeConflict, access.CodeOf(target.Extend(t.Context(), g)))
			require.Equal(t, access.CodeConflict, access.CodeOf(target.Restore(t.Context(), g)))
			gone(t, s, target, g)
		})
	}
}

// Without the server's event nothing opens, unless the configuration says so; approvers
// then read that access outlives Ramp.
func TestWithoutAnEvent(t *testing.T) {
	s, config := start(t)
	s.Exec(t, "SET GLOBAL event_scheduler = OFF")
	g := newGrant(time.Hour, reads())
	err := opened(t, config).Grant(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "event_scheduler")
	gone(t, s, opened(t, config), g)
	config.Expiry = "none"
	s.Setup(t, config)
	target := opened(t, config)
	require.NoError(t, target.Ping(t.Context()))
	minted(t, target, g)
	scope, err := target.Resolve(t.Context(), reads())
	require.NoError(t, err)
	require.Contains(t, scope.Ends, "while Ramp is gone, access goes on")
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)
}

// Both plugins take the verifiers that the worker makes, which are those that MariaDB makes
// itself, and the server keeps and logs nothing else.
func TestVerifiers(t *testing.T) {
	s, config := start(t, "--general-log=ON", "--general-log-file=general.log", "--log-output=FILE")
	for _, plugin := range []string{"ed25519", "mysql_native_password"} {
		t.Run(plugin, func(t *testing.T) {
			password := mysql.NewPassword()
			require.Len(t, password, 32)
			s.Exec(t, "CREATE OR REPLACE USER theirs IDENTIFIED VIA "+plugin+" USING PASSWORD('"+password+"')")
			made, err := s.Texts(t.Context(), "SELECT JSON_VALUE(Priv, '$.authentication_string') FROM mysql.global_priv WHERE User = 'theirs'")
			require.NoError(t, err)
			require.Equal(t, made[0], mysql.VerifierOf(plugin, password))
			c := config
			c.Authentication = plugin
			s.Setup(t, c)
			g := newGrant(time.Hour, reads())
			credential := minted(t, opened(t, c), g)
			require.NoError(t, use(t.Context(), g, credential))
			b, err := os.ReadFile(s.File("data/general.log"))
			require.NoError(t, err)
			require.Contains(t, string(b), credential.Env["MYSQL_USER"])
			require.NotContains(t, string(b), credential.Env["MYSQL_PASSWORD"])
			require.NoError(t, opened(t, c).Revoke(t.Context(), g))
		})
	}
}

// A pick-up has no more sessions than it may.
func TestConnections(t *testing.T) {
	s, config := start(t)
	config.Connections = 2
	s.Setup(t, config)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	c := minted(t, target, g)
	for range 2 {
		session, err := dial(t.Context(), c)
		require.NoError(t, err)
		defer session.Close()
	}
	_, err := dial(t.Context(), c)
	var said *client.MySQLError
	require.ErrorAs(t, err, &said)
	require.Contains(t, []uint16{1203, 1226}, said.Number)
	require.NoError(t, target.Revoke(t.Context(), g))
}

// People come from where they may, and from nowhere else.
func TestFrom(t *testing.T) {
	s, config := start(t)
	for from, works := range map[string]bool{"127.0.0.0/255.0.0.0": true, "10.%": false} {
		config.From = from
		s.Setup(t, config)
		target := opened(t, config)
		g := newGrant(time.Hour, reads())
		err := use(t.Context(), g, minted(t, target, g))
		require.Equal(t, works, err == nil, "%s: %v", from, err)
		require.NoError(t, target.Revoke(t.Context(), g))
		gone(t, s, target, g)
	}
}

// A server of another kind, and one that is not there, are errors that say so.
func TestNotThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() { // it ends with the listener; a port that was given back may be another server's by now
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			_ = conn.Close()
		}
	}()
	t.Setenv("RAMP_MYSQL_PASSWORD", "x")
	c := (&mysqltest.Server{}).ConfigAt(listener.Addr().String())
	c.Password = secretFromEnv()
	_, err = opened(t, c).Inspect(t.Context(), newGrant(time.Hour, reads()))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
}
