package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
)

func TestLogin(t *testing.T) {
	s := newSite(t, "")

	t.Run("OK", func(t *testing.T) {
		b := s.browser()
		require.Empty(t, b.is())
		p := b.logsIn("alice", "/whoami")
		require.Equal(t, s.url+"/whoami", p.location)
		require.Equal(t, "alice", b.is())
	})
	t.Run("what the provider is asked: PKCE, state and nonce, new each time", func(t *testing.T) {
		one, two := s.browser().begins("/").Query(), s.browser().begins("/").Query()
		require.Equal(t, "code", one.Get("response_type"))
		require.Equal(t, "S256", one.Get("code_challenge_method"))
		require.Equal(t, s.url+"/auth/callback", one.Get("redirect_uri"))
		for _, name := range []string{"code_challenge", "state", "nonce"} {
			require.GreaterOrEqual(t, len(one.Get(name)), 20, name)
			require.NotEqual(t, one.Get(name), two.Get(name), name)
		}
	})
	t.Run("a callback without a login, or with another state", func(t *testing.T) {
		mallory, alice := s.browser(), s.browser()
		planted := mallory.chooses(mallory.begins("/"), "dave")
		require.Contains(t, alice.get(planted).body, "login_replayed", "she began no login")
		alice.begins("/")
		require.Contains(t, alice.get(planted).body, "login_replayed", "hers has another state")
		require.Empty(t, alice.is())
	})
	t.Run("another's code under one's own state: PKCE stops it", func(t *testing.T) {
		mallory, alice := s.browser(), s.browser()
		planted, err := url.Parse(mallory.chooses(mallory.begins("/"), "dave"))
		require.NoError(t, err)
		state := alice.begins("/").Query().Get("state")
		p := alice.get("/auth/callback?" + url.Values{"code": {planted.Query().Get("code")}, "state": {state}}.Encode())
		require.Equal(t, http.StatusUnauthorized, p.status)
		require.Contains(t, p.body, "login_refused")
		require.Empty(t, alice.is())
	})
	t.Run("a callback replayed", func(t *testing.T) {
		b := s.browser()
		callback := b.chooses(b.begins("/"), "alice")
		require.Equal(t, http.StatusSeeOther, b.get(callback).status)
		require.Contains(t, b.get(callback).body, "login_replayed")
		other := s.browser()
		require.Contains(t, other.get(callback).body, "login_replayed")
		require.Empty(t, other.is())
	})
	t.Run("refused by the provider", func(t *testing.T) {
		b := s.browser()
		state := b.begins("/").Query().Get("state")
		p := b.get("/auth/callback?error=access_denied&state=" + state)
		require.Equal(t, http.StatusUnauthorized, p.status)
		require.Contains(t, p.body, "login_refused")
	})
	t.Run("after the login people stay on this site", func(t *testing.T) {
		for next, want := range map[string]string{
			"/requests?show=all": "/requests?show=all",
			"//evil.example":     "/", `/\evil.example`: "/", `\\evil.example`: "/", "https://evil.example/": "/",
			"javascript:alert(1)": "/", "/\t/evil.example": "/", "/\r\nSet-Cookie: a=b": "/", "": "/", "requests": "/",
			"/" + strings.Repeat("a", 3000): "/",
		} {
			require.Equal(t, s.url+want, s.browser().logsIn("alice", next).location, "%q", next)
		}
	})
}

func TestSession(t *testing.T) {
	s := newSite(t, "")

	t.Run("nobody has a session before they are known", func(t *testing.T) {
		b := s.browser()
		b.begins("/")
		require.Empty(t, b.session())
	})
	t.Run("a session planted before the login is worth nothing after it", func(t *testing.T) {
		mallory, b := s.browser(), s.browser()
		mallory.logsIn("dave", "/")
		u, err := url.Parse(s.url)
		require.NoError(t, err)
		planted := mallory.session()
		b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "ramp_session", Value: planted}})
		require.Equal(t, "dave", b.is())
		b.logsIn("alice", "/")
		require.NotEqual(t, planted, b.session())
		p := s.browser().do("GET", "/whoami", nil, "Cookie", "ramp_session="+planted)
		require.NotContains(t, p.body, "alice")
	})
	t.Run("Case72 three tabs log in at once", func(t *testing.T) {
		b := s.browser()
		var callbacks []string
		for _, next := range []string{"/one", "/two", "/three"} {
			callbacks = append(callbacks, b.chooses(b.begins(next), "alice"))
		}
		for i, want := range []string{"/one", "/two", "/three"} {
			p := b.get(callbacks[i])
			require.Equal(t, http.StatusSeeOther, p.status, p.body)
			require.Equal(t, s.url+want, p.location)
			require.Equal(t, "alice", b.is())
		}
		require.Contains(t, b.get(callbacks[0]).body, "login_replayed", "each once")
	})
	t.Run("a login that is begun again and again keeps no cookies for ever", func(t *testing.T) {
		b := s.browser()
		var last *url.URL
		for range 12 {
			last = b.begins("/")
		}
		u, err := url.Parse(s.url)
		require.NoError(t, err)
		require.Len(t, b.client.Jar.Cookies(u), 8)
		require.Equal(t, http.StatusSeeOther, b.get(b.chooses(last, "alice")).status, "the latest of them still logs in")
	})
	t.Run("logging out ends it on the server", func(t *testing.T) {
		b := s.browser()
		b.logsIn("alice", "/")
		stolen := b.session()
		require.Equal(t, http.StatusMethodNotAllowed, b.get("/auth/logout").status, "no image or link logs people out")
		require.Equal(t, "alice", b.is())
		require.Equal(t, s.url+"/signed-out", b.do("POST", "/auth/logout", url.Values{}).location)
		require.Empty(t, b.is())
		require.Equal(t, http.StatusSeeOther, s.browser().do("GET", "/whoami", nil, "Cookie", "ramp_session="+stolen).status)
	})
	t.Run("acts sent by another site's page are refused (CSRF)", func(t *testing.T) {
		b := s.browser()
		b.logsIn("alice", "/")
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"}, {"Origin", "null"}} {
			p := b.do("POST", "/act", url.Values{}, header...)
			require.Equal(t, http.StatusForbidden, p.status, "%v", header)
			require.Contains(t, p.body, "cross_origin")
		}
		for _, header := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", s.url}, {"Sec-Fetch-Site", "none"}} {
			require.Equal(t, "alice", b.do("POST", "/act", url.Values{}, header...).body, "%v", header)
		}
		p := b.do("POST", "/auth/logout", url.Values{}, "Sec-Fetch-Site", "cross-site")
		require.Equal(t, http.StatusForbidden, p.status)
	})
	t.Run("the cookie", func(t *testing.T) {
		c := s.browser().get("/auth/login").cookies
		require.Len(t, c, 1)
		require.True(t, c[0].HttpOnly)
		require.Equal(t, http.SameSiteLaxMode, c[0].SameSite)
		require.Equal(t, "/", c[0].Path)
		require.Empty(t, c[0].Domain)
	})
	t.Run("the cookie over https is this host's alone", func(t *testing.T) {
		issuer := newIssuer(t)
		w := httptest.NewRecorder()
		handler(t, auth.Config{Issuer: issuer.url}, "https://ramp.example", func(*auth.Deps) {}).ServeHTTP(w, httptest.NewRequest("GET", "https://ramp.example/auth/login", nil))
		c := w.Result().Cookies()
		require.Len(t, c, 1)
		require.Regexp(t, "^__Host-ramp_login_[A-Z2-7]{26}$", c[0].Name)
		require.True(t, c[0].Secure && c[0].HttpOnly)
		require.Equal(t, "/", c[0].Path)
		require.Empty(t, c[0].Domain)
	})
}

// TestSessionsEnd: unused ones, and those in use all the same.
func TestSessionsEnd(t *testing.T) {
	seconds := func(n int) access.Duration { return access.Duration(time.Duration(n) * time.Second) }
	t.Run("unused", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, "", func(c *auth.Config) { c.SessionIdle = seconds(6) })
		b := s.browser()
		b.logsIn("alice", "/")
		require.Equal(t, "alice", b.is())
		time.Sleep(7 * time.Second) // what is tried is that this is too long
		require.Empty(t, b.is())
	})
	t.Run("in use", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, "", func(c *auth.Config) { c.SessionMax = seconds(6) })
		b := s.browser()
		b.logsIn("alice", "/")
		require.Equal(t, "alice", b.is())
		require.Eventually(t, func() bool { return b.is() == "" }, time.Minute, 200*time.Millisecond)
	})
}

// TestCase87AnotherNameOfTheSameServer: anybody who types localhost, and the server's
// address is 127.0.0.1, is sent there first; behind a proxy that changes names the
// login goes on.
func TestCase87AnotherNameOfTheSameServer(t *testing.T) {
	s := newSite(t, "")
	b := s.browser()
	at := strings.Replace(s.url, "127.0.0.1", "localhost", 1)
	require.NotEqual(t, s.url, at)
	p := b.get(at + "/auth/login?next=/whoami")
	require.Equal(t, http.StatusSeeOther, p.status)
	require.Equal(t, s.url+"/auth/login?moved=1&next=%2Fwhoami", p.location)
	p = b.get(p.location)
	require.Contains(t, p.location, "/authorize")
	p = b.get(at + "/auth/login?next=/whoami&moved=1")
	require.Contains(t, p.location, "/authorize", "never twice")
}
