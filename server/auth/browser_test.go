package auth_test

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/dev/idp"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/surface"
)

// site is a small site behind the login: /whoami for anybody known, /act to
// change something.
type site struct {
	*testing.T
	url    string
	issuer string
}

// newSite starts a site whose people come from issuer; "" starts the
// development provider.
func newSite(t *testing.T, issuer string, change ...func(*auth.Config)) *site {
	t.Helper()
	return newSiteWith(t, issuer, func(*auth.Deps) {}, change...)
}

func newSiteWith(t *testing.T, issuer string, deps func(*auth.Deps), change ...func(*auth.Config)) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	base := "http://" + l.Addr().String()
	if issuer == "" {
		idp, err := idp.Start(idp.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", RedirectURIs: []string{base + "/auth/callback"}})
		require.NoError(t, err)
		t.Cleanup(idp.Stop)
		issuer = idp.Issuer
	}
	c := auth.Config{Issuer: issuer}
	for _, f := range change {
		f(&c)
	}
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler(t, c, base, deps)}}
	srv.Start()
	t.Cleanup(srv.Close)
	return &site{t, base, issuer}
}

func handler(t *testing.T, c auth.Config, base string, deps func(*auth.Deps)) http.Handler {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	d := auth.Deps{Log: log}
	deps(&d)
	a, err := auth.New(c, u, d)
	require.NoError(t, err)
	e := echo.New()
	who := func(c echo.Context) error {
		return c.String(http.StatusOK, strings.Join(append([]string{auth.Person(c).ID}, auth.Person(c).Groups...), " "))
	}
	loginTime := func(c echo.Context) error {
		if at := auth.Person(c).LoggedInAt; !at.IsZero() {
			return c.String(http.StatusOK, at.Format(time.RFC3339))
		}
		return c.NoContent(http.StatusOK)
	}
	sessions := func(c echo.Context) error {
		list, err := a.ListSessions(c.Request().Context(), auth.Person(c))
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, strconv.Itoa(len(list)))
	}
	act := func(c echo.Context) error { return c.String(http.StatusOK, auth.Person(c).ID) }
	fast := limit.New(limit.Rate{PerSecond: 1e6, Burst: 1e6})
	limits := surface.Limits{Address: fast, Person: fast, PersonOf: func(echo.Context) string { return "" }}
	require.NoError(t, surface.Mount(e, limits, log, a.Surface(), surface.Surface{
		Name: "site", Prefixes: []string{""}, Authenticate: a.Identify, Require: auth.RequirePage,
		Routes: []surface.Route{surface.GET("/whoami", who), surface.GET("/login-time", loginTime), surface.GET("/sessions", sessions), surface.POST("/groups", who), surface.POST("/act", act)},
	}))
	return a.LoadSession(e)
}

// browser keeps cookies and follows nothing by itself.
type browser struct {
	*site
	client *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(s, err)
	return &browser{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type page struct {
	status   int
	location string
	body     string
	cookies  []*http.Cookie
}

func (b *browser) do(method, at string, form url.Values, header ...string) page {
	b.Helper()
	if strings.HasPrefix(at, "/") {
		at = b.url + at
	}
	r, err := http.NewRequest(method, at, strings.NewReader(form.Encode()))
	require.NoError(b, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(r)
	require.NoError(b, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(b, err)
	p := page{status: res.StatusCode, body: string(body), cookies: res.Cookies()}
	if to := res.Header.Get("Location"); to != "" {
		u, err := r.URL.Parse(to)
		require.NoError(b, err)
		p.location = u.String()
	}
	return p
}

func (b *browser) get(at string) page { return b.do("GET", at, nil) }

// session is the value of the session's cookie.
func (b *browser) session() string {
	u, err := url.Parse(b.url)
	require.NoError(b, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == "ramp_session" {
			return c.Value
		}
	}
	return ""
}

// begins starts a login and returns where it leads at the provider.
func (b *browser) begins(next string) *url.URL {
	b.Helper()
	p := b.get("/auth/login?next=" + url.QueryEscape(next))
	require.Equal(b, http.StatusSeeOther, p.status, p.body)
	u, err := url.Parse(p.location)
	require.NoError(b, err)
	return u
}

// chooses logs in at the provider, up to the address that leads back.
func (b *browser) chooses(authorize *url.URL, person string) (callback string) {
	b.Helper()
	form := b.get(authorize.String())
	require.NotEmpty(b, form.location, form.body)
	u, err := url.Parse(form.location)
	require.NoError(b, err)
	p := b.do("POST", form.location, url.Values{"id": {u.Query().Get("id")}, "person": {person}})
	for !strings.HasPrefix(p.location, b.url) {
		require.NotEmpty(b, p.location, p.body)
		p = b.get(p.location)
	}
	return p.location
}

// logsIn is a whole login.
func (b *browser) logsIn(person, next string) page {
	b.Helper()
	p := b.get(b.chooses(b.begins(next), person))
	require.Equal(b, http.StatusSeeOther, p.status, p.body)
	return p
}

// is who the site takes the browser's user for; "" is nobody.
func (b *browser) is() string {
	b.Helper()
	p := b.get("/whoami")
	if p.status == http.StatusOK {
		id, _, _ := strings.Cut(p.body, " ")
		return id
	}
	require.Equal(b, http.StatusSeeOther, p.status, p.body)
	require.Contains(b, p.location, "/auth/login")
	return ""
}
