package mysql_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestUsageWithRampGone: a session that the server itself cut counts, though no look of Ramp's
// ever saw it.
func TestUsageWithRampGone(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	live, err := dial(t.Context(), minted(t, target, g))
	require.NoError(t, err)
	require.NoError(t, live.Alive(t.Context()))
	endsNow(t, s, g)
	require.Eventually(t, func() bool { // it is refused before that, and must not leave by itself
		back, err := target.Inspect(t.Context(), access.Grant{Name: g.Name})
		return err == nil && back.Sessions == 0
	}, within, each, "the server's event cuts it")
	require.Error(t, live.Alive(t.Context()))
	require.NoError(t, live.Close())
	require.NoError(t, target.Revoke(t.Context(), g))
	u, err := target.Usage(t.Context(), access.Grant{Name: g.Name})
	require.NoError(t, err)
	require.Equal(t, access.UsageSeen, u.Kind)
	require.Equal(t, 1, u.Sessions)
}

// TestUsageOverARestart: a server that starts again counts its sessions from the beginning, so
// a session may have the number of one that was seen before. The earlier start is put into
// what was noted.
func TestUsageOverARestart(t *testing.T) {
	s, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, reads())
	live, err := dial(t.Context(), minted(t, target, g))
	require.NoError(t, err)
	defer live.Close()
	sessions := func() int {
		require.NoError(t, target.WatchUsage(t.Context()))
		u, err := target.Usage(t.Context(), access.Grant{Name: g.Name})
		require.NoError(t, err)
		return u.Sessions
	}
	require.Equal(t, 1, sessions())
	require.Equal(t, 1, sessions(), "the same session")
	began, err := s.Texts(t.Context(), "SELECT UNIX_TIMESTAMP() - CAST(VARIABLE_VALUE AS SIGNED) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME'")
	require.NoError(t, err)
	noted, err := s.Texts(t.Context(), "SELECT server_start FROM ramp.seen")
	require.NoError(t, err)
	require.Equal(t, began, noted)
	s.Exec(t, "UPDATE ramp.seen SET server_start = server_start - 60")
	require.Equal(t, 2, sessions(), "another session with the same number")

	s.Exec(t, "INSERT INTO ramp.seen SELECT '"+g.Name+"', 1000000 + seq, 0, began, seen FROM ramp.seen JOIN ramp.seq_1_to_998 WHERE server_start = (SELECT MIN(server_start) FROM ramp.seen)")
	another, err := dial(t.Context(), minted(t, target, g))
	require.NoError(t, err)
	defer another.Close()
	require.Equal(t, 1000, sessions(), "no more are kept")
	require.NoError(t, target.Revoke(t.Context(), g))
	require.Equal(t, 1000, sessions())
	s.Exec(t, "DELETE FROM ramp.grants")
	other := newGrant(time.Hour, reads())
	minted(t, target, other)
	require.NoError(t, target.Revoke(t.Context(), other))
	require.Zero(t, sessions(), "what was noted goes with the record of its grant")
}
