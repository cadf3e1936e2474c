package mysql_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
	"ramp.dev/ramp/internal/ports"
)

// TestCase144PickUpsTakeHalf: the sessions of all pick-ups are at most half of what the
// server takes, so who has access cannot keep Ramp out of the server, and access from ending.
func TestCase144PickUpsTakeHalf(t *testing.T) {
	s, config := start(t, "--max-connections=20")
	target := opened(t, config)
	first, second := newGrant(time.Hour, reads()), newGrant(time.Hour, reads())
	c := minted(t, target, first)
	other := minted(t, target, second)
	var sessions []*live
	for range 5 {
		for _, one := range []access.Credential{c, other} {
			session, err := dial(t.Context(), one)
			require.NoError(t, err)
			defer session.Close()
			sessions = append(sessions, session)
		}
	}
	_, err := target.Mint(t.Context(), second)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "max_connections")
	logins, err := s.Texts(t.Context(), "SELECT login FROM ramp.logins")
	require.NoError(t, err)
	require.Len(t, logins, 2, "what was refused counts no longer")
	require.NoError(t, target.Revoke(t.Context(), first))
	gone(t, s, target, first)
	_, err = target.Mint(t.Context(), second)
	require.NoError(t, err, "there is room again")
	require.NoError(t, target.Revoke(t.Context(), second))
	gone(t, s, target, second)
	for _, session := range sessions {
		require.Error(t, session.Alive(t.Context()))
	}
	config.Connections = 11
	s.Setup(t, config)
	require.ErrorContains(t, opened(t, config).Ping(t.Context()), "max_connections")
}

// TestCase144FullServer: where others take every connection of the server's, Ramp still ends
// access by the server's extra port, which people do not reach.
func TestCase144FullServer(t *testing.T) {
	own := ports.ForTest(t)
	_, port, err := net.SplitHostPort(own)
	require.NoError(t, err)
	s, config := start(t, "--max-connections=10", "--extra-port="+port, "--extra-max-connections=5")
	config.Connections = 2
	s.Setup(t, config)
	config.Clients, config.Address = config.Address, own
	target := opened(t, config)
	require.NoError(t, target.Ping(t.Context()))
	g := newGrant(time.Hour, reads())
	session, err := dial(t.Context(), minted(t, target, g))
	require.NoError(t, err)
	defer session.Close()
	require.Eventually(t, func() bool { // until the server refuses
		_, end, err := mysqltest.Connect(t.Context(), s.As("carol", "carols"))
		if err == nil {
			t.Cleanup(end)
		}
		return err != nil
	}, within, time.Millisecond)
	full := s.Config()
	full.Connections = config.Connections
	err = opened(t, full).Revoke(t.Context(), g)
	require.Equal(t, access.CodeThrottled, access.CodeOf(err), "at people's port nobody is let in: %v", err)
	require.NoError(t, target.Revoke(t.Context(), g))
	require.Error(t, session.Alive(t.Context()))
	back, err := target.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.True(t, back.Gone(), "%+v", back)
}

// dies makes one of Ramp's procedures end its connection at a moment, as a crash does: before
// it does anything, or after it has done all.
func dies(t *testing.T, s *mysqltest.Server, procedure, parameters string, before bool) {
	body, err := s.Texts(t.Context(), "SELECT body_utf8 FROM mysql.proc WHERE db = 'ramp' AND name = ?", procedure)
	require.NoError(t, err)
	parts := []string{body[0], "KILL CONNECTION CONNECTION_ID()"}
	if before {
		parts = []string{parts[1]}
	}
	s.Exec(t, "CREATE OR REPLACE DEFINER = ramp_owner@localhost PROCEDURE ramp."+procedure+"("+parameters+") BEGIN "+strings.Join(parts, "; ")+"; END")
}

// TestCase144ARestoreDies: what a restore leaves half made, the next one makes: an account
// that is still locked, one that is not there, and a grant without its role. Drift is what is
// seen meanwhile. An account that somebody locked by hand stays locked.
func TestCase144ARestoreDies(t *testing.T) {
	s, config := start(t)
	for what, die := range map[string]func(){
		"the account is locked":    func() { dies(t, s, "make_account", "g TEXT, name TEXT, at TEXT, verifier TEXT", false) },
		"the account is not there": func() { dies(t, s, "make_account", "g TEXT, name TEXT, at TEXT, verifier TEXT", true) },
		"the role is not there":    func() { dies(t, s, "make_role", "g TEXT", true) },
		"the role is there alone":  func() { dies(t, s, "make_role", "g TEXT", false) },
		"sessions are left":        func() { dies(t, s, "kill_sessions", "g TEXT", true) },
	} {
		t.Run(what, func(t *testing.T) {
			target := opened(t, config)
			g := newGrant(time.Hour, reads())
			c := minted(t, target, g)
			locked, err := target.Mint(t.Context(), g)
			require.NoError(t, err)
			s.Exec(t, "ALTER USER `"+locked.Env["MYSQL_USER"]+"` ACCOUNT LOCK", "GRANT orders_write TO `"+g.Name+"`")
			die()
			require.Error(t, target.Restore(t.Context(), g))
			s.Setup(t, config)
			differences, err := target.Drift(t.Context(), g)
			require.NoError(t, err)
			require.NotEmpty(t, differences)
			require.NoError(t, target.Restore(t.Context(), g))
			differences, err = target.Drift(t.Context(), g)
			require.NoError(t, err)
			require.Empty(t, differences)
			require.NoError(t, use(t.Context(), g, c))
			require.Error(t, use(t.Context(), g, locked), "it was locked by hand")
			require.NoError(t, target.Revoke(t.Context(), g))
			gone(t, s, target, g)
			require.Error(t, use(t.Context(), g, c))
		})
	}
	t.Run("and is revoked", func(t *testing.T) {
		target := opened(t, config)
		g := newGrant(time.Hour, reads())
		c := minted(t, target, g)
		s.Exec(t, "GRANT orders_write TO `"+g.Name+"`")
		dies(t, s, "make_account", "g TEXT, name TEXT, at TEXT, verifier TEXT", false)
		require.Error(t, target.Restore(t.Context(), g))
		s.Setup(t, config)
		require.NoError(t, target.Revoke(t.Context(), g))
		gone(t, s, target, g)
		require.Error(t, target.Restore(t.Context(), g))
		require.Error(t, use(t.Context(), g, c))
		gone(t, s, target, g)
	})
}
