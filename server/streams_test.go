package server

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// session puts a browser's session of somebody into the ledger and returns its
// cookie.
func (f *fixture) session(who, cookie string, idle time.Duration) (header string) {
	f.Helper()
	now := time.Now().UTC()
	data, err := json.Marshal(map[string]any{"deadline": now.Add(time.Hour), "person": access.Person{ID: who, Kind: access.KindHuman}})
	require.NoError(f, err)
	row, err := f.sealer.SealSession(ledger.Session{Token: digestOf(cookie), Data: data, PersonID: who,
		CreatedAt: now, SeenAt: now.Add(-time.Minute), ExpiresAt: now.Add(idle)})
	require.NoError(f, err)
	require.NoError(f, f.ledger.AddSession(f.Context(), row, access.Event{At: now, Kind: access.EventSessionStarted, Actor: who}))
	return "__Host-ramp_session=" + cookie
}

func digestOf(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// TestCase71StreamEndsWithItsSession: at once, whichever way the session ends.
func TestCase71StreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.api.KeepAlive = time.Hour // a stream would look by itself too late
	addr, _ := f.serving(defaultTimeouts)
	opens := func(cookie string) *bufio.Reader {
		r, err := http.NewRequest("GET", "http://"+addr+"/api/v1/events", nil)
		require.NoError(t, err)
		r.Header.Set("Cookie", cookie)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { res.Body.Close() })
		require.Equal(t, http.StatusOK, res.StatusCode)
		b := bufio.NewReader(res.Body)
		_, err = b.ReadString('\n')
		require.NoError(t, err)
		return b
	}
	t.Run("signed out everywhere", func(t *testing.T) {
		b := opens(f.session("alice", "one", time.Hour))
		bobs := opens(f.session("bob", "bobs", time.Hour))
		require.Equal(t, http.StatusNoContent, f.call(f.token("alice"), "POST", "/api/v1/me/sign-out", jsonType, "{}").Code)
		ends(t, b)
		w := f.asks("bob", "something that bob's stream still shows", "")
		require.Equal(t, http.StatusCreated, w.Code)
		_, err := bobs.ReadString('\n')
		require.NoError(t, err, "another person's goes on")
	})
	t.Run("signed out in another tab", func(t *testing.T) {
		cookie := f.session("alice", "two", time.Hour)
		b := opens(cookie)
		require.Equal(t, http.StatusSeeOther, f.callWith("", "POST", "/auth/logout", "application/x-www-form-urlencoded", "", "Cookie", cookie).Code)
		ends(t, b)
	})
	t.Run("not used", func(t *testing.T) {
		ends(t, opens(f.session("alice", "three", 5*time.Second)))
	})
}

// TestCase71OnlyPeopleUseASession: what an open page does by itself keeps no
// session alive.
func TestCase71OnlyPeopleUseASession(t *testing.T) {
	f := newFixture(t)
	cookie := f.session("alice", "cookie", time.Minute)
	expiry := func() time.Time {
		s, err := f.ledger.Session(t.Context(), digestOf("cookie"), time.Now())
		require.NoError(t, err)
		return s.ExpiresAt
	}
	was := expiry()
	for _, by := range [][]string{
		{"GET", "/api/v1/events", "Sec-Fetch-Mode", "cors"},
		{"GET", "/requests", "Sec-Fetch-Mode", "cors"},
		{"GET", "/requests", "Sec-Fetch-Mode", "same-origin"},
		{"GET", "/requests?auto=1", "Sec-Fetch-Mode", "navigate"},
		{"HEAD", "/requests", "Sec-Fetch-Mode", "no-cors"},
	} {
		require.Equal(t, http.StatusOK, f.callWith("", by[0], by[1], "", "", "Cookie", cookie, by[2], by[3]).Code, "%v", by)
		require.Equal(t, was, expiry(), "%v", by)
	}
	require.Equal(t, http.StatusOK, f.callWith("", "GET", "/requests", "", "", "Cookie", cookie, "Sec-Fetch-Mode", "navigate").Code)
	require.Greater(t, expiry().Sub(was), 30*time.Minute, "a page that somebody opens does")
}
