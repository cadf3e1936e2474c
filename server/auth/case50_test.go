package auth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/server/auth"
)

func newSealer(t *testing.T, keys ...byte) *auth.Sealer {
	t.Helper()
	var all []field.Key
	for _, k := range keys {
		all = append(all, field.Key{k})
	}
	s, err := auth.NewSealer(all...)
	require.NoError(t, err)
	return s
}

// writer is somebody with all rights on the ledger's database and no key.
type writer struct {
	*testing.T
	db       *sql.DB
	postgres bool
}

// marks writes ? as $1, $2 … for Postgres.
func (w writer) marks(query string) string {
	for n := 1; w.postgres && strings.Contains(query, "?"); n++ {
		query = strings.Replace(query, "?", "$"+strconv.Itoa(n), 1)
	}
	return query
}

func (w writer) exec(query string, args ...any) {
	w.Helper()
	res, err := w.db.Exec(w.marks(query), args...)
	require.NoError(w, err)
	n, err := res.RowsAffected()
	require.NoError(w, err)
	require.NotZero(w, n, query)
}

// tokenOf is the primary key of a cookie's row, as package scs makes it.
func tokenOf(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// TestCase50SessionsAreSealed: somebody who writes to the ledger's database is not
// believed of who somebody is. The attacker has an account of their own (dave), its
// cookie and its row, and everybody else's rows.
func TestCase50SessionsAreSealed(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (address, driver, dsn string){
		"sqlite": func(t *testing.T) (string, string, string) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			return "sqlite:" + path, "sqlite", path
		},
		"postgres": func(t *testing.T) (string, string, string) {
			address := ledgertest.Postgres(t)
			return address, "pgx", address
		},
	} {
		t.Run(name, func(t *testing.T) {
			address, driver, dsn := open(t)
			l, err := ledger.Open(context.Background(), address)
			require.NoError(t, err)
			t.Cleanup(func() { l.Close() })
			db, err := sql.Open(driver, dsn)
			require.NoError(t, err)
			t.Cleanup(func() { db.Close() })
			case50(t, l, writer{t, db, driver == "pgx"})
		})
	}
}

func case50(t *testing.T, l *ledger.Ledger, w writer) {
	var told bytes.Buffer
	s := newSiteWith(t, "", func(d *auth.Deps) {
		d.Store, d.Sealer = l, newSealer(t, 1)
		log := logrus.New()
		log.SetOutput(&told)
		d.Log = log
	})
	is := func(cookie string) string {
		t.Helper()
		p := s.browser().do("GET", "/whoami", nil, "Cookie", "ramp_session="+cookie)
		if p.status == http.StatusSeeOther {
			return ""
		}
		require.Equal(t, http.StatusOK, p.status, p.body)
		id, _, _ := strings.Cut(p.body, " ")
		return id
	}
	login := func(person string) (cookie string) {
		b := s.browser()
		b.logsIn(person, "/")
		require.Equal(t, person, is(b.session()))
		return b.session()
	}
	refused := func(t *testing.T, cookie string) {
		t.Helper()
		told.Reset()
		require.Empty(t, is(cookie))
		require.Contains(t, told.String(), "was not written by a server", "and not in silence")
	}

	t.Run("a row that nobody sealed", func(t *testing.T) {
		data, err := json.Marshal(map[string]any{"deadline": time.Now().Add(time.Hour),
			"person": access.Person{ID: "carol", Kind: access.KindHuman, Groups: []string{"approvers"}, LoggedInAt: time.Now()}})
		require.NoError(t, err)
		now := time.Now().UnixMicro()
		w.exec(`INSERT INTO sessions (token_digest, person_id, person_key, data, address, user_agent, created_at, seen_at, expires_at) VALUES (?, 'carol', 'carol', ?, '', '', ?, ?, ?)`,
			tokenOf("mine"), data, now, now, now+3_600_000_000)
		refused(t, "mine")
	})
	t.Run("another's row under one's own cookie", func(t *testing.T) {
		login("bob")
		own := login("dave")
		w.exec(`DELETE FROM sessions WHERE token_digest = ?`, tokenOf(own))
		w.exec(`UPDATE sessions SET token_digest = ? WHERE person_id = 'bob'`, tokenOf(own))
		refused(t, own)
	})
	t.Run("another's data in one's own row", func(t *testing.T) {
		login("bob")
		own := login("dave")
		w.exec(`UPDATE sessions SET data = (SELECT b.data FROM sessions b WHERE b.person_id = 'bob' ORDER BY b.created_at DESC LIMIT 1), person_id = 'bob' WHERE token_digest = ?`, tokenOf(own))
		refused(t, own)
	})
	for name, edit := range map[string]string{
		"a later end":           `expires_at = expires_at + 1`,
		"an earlier creation":   `created_at = created_at - 1`,
		"a later one":           `created_at = created_at + 1`,
		"somebody else's id":    `person_id = 'carol'`, // so that signing out everywhere misses it
		"another address":       `address = '192.0.2.99'`,
		"unused for less long":  `seen_at = seen_at + 1`,
		"another browser":       `user_agent = 'curl'`,
		"an end that went back": `expires_at = expires_at - 1`,
	} {
		t.Run("one's own row with "+name, func(t *testing.T) {
			own := login("dave")
			w.exec(`UPDATE sessions SET `+edit+` WHERE token_digest = ?`, tokenOf(own))
			refused(t, own)
		})
	}
	for name, ends := range map[string]func(b *browser){
		"signed out":            func(b *browser) { b.do("POST", "/auth/logout", url.Values{}) },
		"signed out everywhere": func(*browser) { require.NoError(t, l.EndSessions(t.Context(), "erin", time.Now())) },
		"signed out everywhere, while the row was away": func(b *browser) {
			w.exec(`DELETE FROM sessions WHERE token_digest = ?`, tokenOf(b.session()))
			require.NoError(t, l.EndSessions(t.Context(), "erin", time.Now()))
		},
	} {
		t.Run("a row that is put back after it was "+name, func(t *testing.T) {
			b := s.browser()
			b.logsIn("erin", "/")
			own := b.session()
			w.exec(`CREATE TABLE kept AS SELECT * FROM sessions WHERE token_digest = ?`, tokenOf(own))
			defer w.db.Exec(`DROP TABLE kept`)
			ends(b)
			w.exec(`INSERT INTO sessions SELECT * FROM kept`)
			require.Empty(t, is(own))
			b.logsIn("erin", "/")
			require.Equal(t, "erin", b.is(), "a new login counts")
		})
	}
	t.Run("a forged row is not listed", func(t *testing.T) {
		list, err := l.Sessions(t.Context(), "carol", time.Now())
		require.NoError(t, err)
		require.NotEmpty(t, list, "it is there")
		b := s.browser()
		b.logsIn("carol", "/")
		require.Equal(t, "1", b.get("/sessions").body)
	})
	t.Run("a login is an event, and no event lets anybody in", func(t *testing.T) {
		before, err := l.LastSeq(t.Context())
		require.NoError(t, err)
		own := login("dave")
		events, err := l.Events(t.Context(), ledger.EventFilter{After: before})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, access.EventSessionStarted, events[0].Kind)
		require.Equal(t, "dave", events[0].Actor)
		require.NotEmpty(t, events[0].Detail["loggedInAt"])
		require.True(t, strings.HasPrefix(tokenOf(own), strings.TrimSuffix(events[0].Detail["session"], "…")))
		text, err := json.Marshal(events)
		require.NoError(t, err)
		require.NotContains(t, string(text), own)
	})
	t.Run("keys are replaced while sessions last", func(t *testing.T) {
		cookie := login("alice")
		at := func(keys ...byte) int {
			other := newSiteWith(t, s.issuer, func(d *auth.Deps) { d.Store, d.Sealer = l, newSealer(t, keys...) })
			return other.browser().do("GET", "/whoami", nil, "Cookie", "ramp_session="+cookie).status
		}
		require.Equal(t, http.StatusOK, at(2, 1), "the old key opens")
		require.Equal(t, http.StatusSeeOther, at(2), "another installation's key does not")
	})
}

// TestCase72LoginsAreSealed: what a browser holds of a login under way is sealed by
// the servers: it neither tells nor takes anything else.
func TestCase72LoginsAreSealed(t *testing.T) {
	l := newLedger(t)
	s := newSiteWith(t, "", func(d *auth.Deps) { d.Store, d.Sealer = l, newSealer(t, 1) })
	site, err := url.Parse(s.url)
	require.NoError(t, err)
	begun := func(b *browser) *http.Cookie {
		for _, c := range b.client.Jar.Cookies(site) {
			if strings.HasPrefix(c.Name, "ramp_login_") {
				return c
			}
		}
		t.Fatal("no login is under way")
		return nil
	}
	t.Run("it tells nothing", func(t *testing.T) {
		b := s.browser()
		to := b.begins("/whoami")
		box, err := base64.RawURLEncoding.DecodeString(begun(b).Value)
		require.NoError(t, err)
		require.NotContains(t, string(box), to.Query().Get("nonce"))
		require.NotContains(t, string(box), "whoami")
	})
	t.Run("one that the browser wrote", func(t *testing.T) {
		b := s.browser()
		callback := b.chooses(b.begins("/whoami"), "alice")
		c := begun(b)
		state := strings.TrimPrefix(c.Name, "ramp_login_")
		made, err := json.Marshal(map[string]any{"State": state, "Nonce": "x", "Verifier": "y", "Next": "/", "Began": time.Now()})
		require.NoError(t, err)
		b.client.Jar.SetCookies(site, []*http.Cookie{{Name: c.Name, Value: base64.RawURLEncoding.EncodeToString(made)}})
		require.Contains(t, b.get(callback).body, "login_replayed")
	})
	t.Run("another login's, under this one's name", func(t *testing.T) {
		b, other := s.browser(), s.browser()
		callback := b.chooses(b.begins("/whoami"), "alice")
		other.begins("/")
		b.client.Jar.SetCookies(site, []*http.Cookie{{Name: begun(b).Name, Value: begun(other).Value}})
		require.Contains(t, b.get(callback).body, "login_replayed")
	})
	t.Run("every server knows it, and the ledger has no row of it", func(t *testing.T) {
		b := s.browser()
		b.begins("/")
		seq, err := l.LastSeq(t.Context())
		require.NoError(t, err)
		require.Zero(t, seq)
		c := begun(b)
		other := newSiteWith(t, s.issuer, func(d *auth.Deps) { d.Store, d.Sealer = l, newSealer(t, 1) })
		p := other.browser().do("GET", "/auth/callback?error=access_denied&state="+strings.TrimPrefix(c.Name, "ramp_login_"), nil, "Cookie", c.Name+"="+c.Value)
		require.Contains(t, p.body, "login_refused", "it takes the login for its own")
	})
}
