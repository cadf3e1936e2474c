package auth_test

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/auth"
)

func newLedger(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	l.UseNotary(evidence.NewNotary(evidence.NewSigner(key), evidence.NewKeyring(key.Public())), nil)
	return l
}

// TestSessionsInTheLedger: every server with one ledger knows every browser, and
// what the ledger holds lets nobody in.
func TestSessionsInTheLedger(t *testing.T) {
	l := newLedger(t)
	keep := func(d *auth.Deps) {
		d.Store, d.Sealer, d.CallerAddress = l, newSealer(t, 1), func(*http.Request) string { return "192.0.2.7" }
	}
	one := newSiteWith(t, "", keep)
	two := newSiteWith(t, one.issuer, keep)
	b := one.browser()
	b.logsIn("alice", "/")
	cookie := b.session()
	at := func(s *site, cookie string) int {
		return s.browser().do("GET", "/whoami", nil, "Cookie", "ramp_session="+cookie).status
	}
	require.Equal(t, http.StatusOK, at(two, cookie), "the other server knows it")

	list, err := l.Sessions(t.Context(), "alice", time.Now())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "192.0.2.7", list[0].Address)
	require.NotContains(t, list[0].Token+string(list[0].Data), cookie)
	require.Equal(t, http.StatusSeeOther, at(one, list[0].Token), "what is kept is no cookie")

	t.Run("signed out everywhere", func(t *testing.T) {
		other := one.browser()
		other.logsIn("alice", "/")
		bob := one.browser()
		bob.logsIn("bob", "/")
		require.NoError(t, l.EndSessions(t.Context(), "alice", time.Now()))
		require.Empty(t, b.is())
		require.Empty(t, other.is())
		require.Equal(t, "bob", bob.is())
	})
	t.Run("ended while it is used: the use does not bring it back", func(t *testing.T) {
		b := one.browser()
		b.logsIn("alice", "/")
		list, err := l.Sessions(t.Context(), "alice", time.Now())
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.NoError(t, l.EndSession(t.Context(), list[0].Token, time.Now()))
		require.NoError(t, l.UpdateSession(t.Context(), list[0]))
		require.Empty(t, b.is())
	})
	t.Run("a person who leaves has none, even when they come back", func(t *testing.T) {
		u, err := l.AddUser(t.Context(), ledger.User{PersonID: "alice", UserName: "alice", Active: true, Attributes: "{}"}, time.Now())
		require.NoError(t, err)
		b := one.browser()
		b.logsIn("alice", "/")
		for _, active := range []bool{false, true} {
			_, err := l.UpdateUser(t.Context(), u.ID, time.Now(), func(u *ledger.User) error { u.Active = active; return nil })
			require.NoError(t, err)
		}
		require.Empty(t, b.is())
	})
	t.Run("a ledger that is down lets nobody in", func(t *testing.T) {
		b := one.browser()
		b.logsIn("alice", "/")
		s := newSiteWith(t, one.issuer, func(d *auth.Deps) { d.Store, d.Sealer = down{l}, newSealer(t, 1) })
		require.Equal(t, http.StatusServiceUnavailable, at(s, b.session()))
	})
}

type down struct{ auth.SessionStore }

func (down) Session(context.Context, string, time.Time) (ledger.Session, error) {
	return ledger.Session{}, access.Errorf(access.CodeUnavailable, "down")
}

// TestUseMovesTheEnd: a session that is used does not end by idleness, though
// not every use is written.
func TestUseMovesTheEnd(t *testing.T) {
	t.Parallel() // it waits most of its time
	l := newLedger(t)
	s := newSiteWith(t, "", func(d *auth.Deps) { d.Store = l }, func(c *auth.Config) { c.SessionIdle = access.Duration(10 * time.Second) })
	b := s.browser()
	b.logsIn("alice", "/")
	for until := time.Now().Add(12 * time.Second); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		require.Equal(t, "alice", b.is())
	}
	require.Eventually(t, func() bool {
		list, err := l.Sessions(t.Context(), "alice", time.Now())
		return err == nil && len(list) == 0
	}, time.Minute, 100*time.Millisecond, "unused, it ends")
	require.Empty(t, b.is())
	require.True(t, strings.HasPrefix(s.url, "http://127.0.0.1"))
}
