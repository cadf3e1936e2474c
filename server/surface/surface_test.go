package surface

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/problem"
)

func mounted(t *testing.T, rate limit.Rate, list ...Surface) http.Handler {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	e := echo.New()
	limits := Limits{Address: limit.New(rate), Person: limit.New(rate), Bulk: limit.New(limit.Rate{PerSecond: 0.001, Burst: 4}), PersonOf: func(c echo.Context) string { return c.Request().Header.Get("X-Person") }}
	require.NoError(t, Mount(e, limits, log, list...))
	return e
}

var fast = limit.Rate{PerSecond: 1e6, Burst: 1e6}

func send(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://ramp.test"+path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func says(text string) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return err
		}
		return c.String(http.StatusOK, text+" via "+string(Via(c)))
	}
}

// strangers are refused.
func refuseAll(echo.HandlerFunc) echo.HandlerFunc {
	return func(echo.Context) error { return &access.Error{Code: access.CodeUnauthenticated} }
}

func TestLongestPrefixDecides(t *testing.T) {
	list := []Surface{{Name: "pages", Prefixes: []string{""}}, {Name: "codec", Prefixes: []string{"/api/v1/codec"}}, {Name: "API", Prefixes: []string{"/api"}}}
	for path, want := range map[string]string{"/": "pages", "/apis": "pages", "/api": "API", "/api/v1/me": "API", "/api/v1/codecs": "API",
		"/api/v1/codec": "codec", "/api/v1/codec/decode": "codec", "": "pages"} {
		require.Equal(t, want, Of(list, path).Name, path)
	}
}

func TestSurface(t *testing.T) {
	asForm := func(c echo.Context, p problem.Problem) error { return c.String(p.Status, "in its own form") }
	h := mounted(t, fast,
		Surface{Name: "own", Prefixes: []string{"/own"}, Via: access.ViaSCIM, Require: refuseAll, RenderError: asForm, BodyLimit: "1K", Tokens: true,
			Routes: []Route{GET("/own/closed", says("closed")), POST("/own/open", says("open")).Open(), {Method: "GET", Path: "/own/stream", Handler: says("stream"), Public: true, Stream: true}}},
		Surface{Name: "rest", Prefixes: []string{""}, Origins: []string{"https://ui.example"}, Routes: []Route{GET("/", says("rest")), POST("/act", says("act"))}})

	t.Run("strangers get to what is public only", func(t *testing.T) {
		require.Equal(t, http.StatusUnauthorized, send(h, "GET", "/own/closed", "").Code)
		require.Equal(t, "open via scim", send(h, "POST", "/own/open", "").Body.String())
	})
	t.Run("an address that is not there is 404 for everybody, in the form of its surface", func(t *testing.T) {
		for _, credentials := range [][]string{nil, {"Authorization", "Bearer nonsense"}} {
			w := send(h, "GET", "/own/nothing", "", credentials...)
			require.Equal(t, http.StatusNotFound, w.Code)
			require.Equal(t, "in its own form", w.Body.String())
			w = send(h, "GET", "/nothing", "", credentials...)
			require.Equal(t, http.StatusNotFound, w.Code)
			require.Contains(t, w.Body.String(), `"unknown_path"`)
		}
	})
	t.Run("a method that is not there", func(t *testing.T) {
		w := send(h, "DELETE", "/", "")
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Contains(t, w.Body.String(), "this address takes ")
		require.Contains(t, w.Body.String(), "GET")
	})
	t.Run("HEAD works where GET does", func(t *testing.T) {
		require.Equal(t, http.StatusOK, send(h, "HEAD", "/", "").Code)
		require.Equal(t, http.StatusUnauthorized, send(h, "HEAD", "/own/closed", "").Code)
		require.Equal(t, http.StatusMethodNotAllowed, send(h, "HEAD", "/own/open", "").Code)
		w := send(h, "HEAD", "/own/stream", "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Empty(t, w.Body.String(), "the stream is not begun")
	})
	t.Run("bodies", func(t *testing.T) {
		require.Equal(t, http.StatusRequestEntityTooLarge, send(h, "POST", "/own/open", strings.Repeat("x", 2000)).Code)
		require.Equal(t, http.StatusOK, send(h, "POST", "/act", strings.Repeat("x", 2000)).Code)
		w := send(h, "POST", "/act", strings.Repeat("x", 70_000))
		require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
		require.Contains(t, w.Body.String(), "64 KiB")
	})
	t.Run("what another site's page sends", func(t *testing.T) {
		require.Equal(t, http.StatusForbidden, send(h, "POST", "/act", "", "Sec-Fetch-Site", "cross-site").Code)
		require.Equal(t, http.StatusOK, send(h, "POST", "/act", "", "Sec-Fetch-Site", "cross-site", "Origin", "https://ui.example").Code)
		require.Equal(t, http.StatusOK, send(h, "POST", "/act", "", "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer x").Code, "no page of another site adds a token")
		require.Equal(t, http.StatusOK, send(h, "POST", "/own/open", "", "Sec-Fetch-Site", "cross-site").Code, "no cookie counts there")
	})
}

func TestRates(t *testing.T) {
	slow := limit.Rate{PerSecond: 0.001, Burst: 2}
	h := func() http.Handler {
		return mounted(t, slow, Surface{Prefixes: []string{"/health"}, Rate: Unlimited, Routes: []Route{GET("/health", says("ok"))}},
			Surface{Prefixes: []string{"/machine"}, Rate: PerAddress, Routes: []Route{GET("/machine", says("ok"))}},
			Surface{Prefixes: []string{""}, Routes: []Route{GET("/", says("ok"))}})
	}
	count := func(h http.Handler, path, address, person string) (ok int) {
		for range 5 {
			r := httptest.NewRequest("GET", "http://ramp.test"+path, nil)
			r.RemoteAddr = address
			r.Header.Set("X-Person", person)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusTooManyRequests {
				ok++
			} else {
				require.NotEmpty(t, w.Header().Get("Retry-After"))
			}
		}
		return ok
	}
	require.Equal(t, 5, count(h(), "/health", "192.0.2.1:1", "alice"))
	require.Equal(t, 2, count(h(), "/machine", "192.0.2.1:1", ""))
	require.Equal(t, 2, count(h(), "/nothing", "192.0.2.1:1", ""), "what is not there is counted too")
	people := h()
	require.Equal(t, 2, count(people, "/", "192.0.2.1:1", "alice"))
	require.Equal(t, 0, count(people, "/", "192.0.2.2:1", "alice"), "a person has one limit, wherever they are")
	require.Equal(t, 2, count(people, "/", "192.0.2.3:1", "bob"))
}

func TestOrigins(t *testing.T) {
	local := []string{"http://localhost:8233", "http://127.0.0.1:8233", "http://[::1]:8233"}
	for address, want := range map[string][]string{
		"https://temporal.example.com/some/path": {"https://temporal.example.com"},
		"https://temporal.example.com:8443":      {"https://temporal.example.com:8443"},
		"http://127.0.0.1:8233/":                 local, "http://localhost:8233": local, "http://[::1]:8233": local,
		"": nil, "temporal.example.com": nil, "ftp://x": nil, "/": nil, "*": nil,
	} {
		require.Equal(t, want, Origins(address), address)
	}
}

// TestCase123StrangersAreSlowed: who proves who they are counts against no limit, and who does
// not is slowed down before their body is read; others at the address then wait as well.
func TestCase123StrangersAreSlowed(t *testing.T) {
	read := 0
	h := mounted(t, limit.Rate{PerSecond: 0.001, Burst: 2}, Surface{Prefixes: []string{"/hook"}, Rate: PerStranger, Tokens: true, Routes: []Route{POST("/hook", func(c echo.Context) error {
		read++
		if c.Request().Header.Get("Signature") == "" {
			return &access.Error{Code: access.CodeUnauthenticated}
		}
		Proven(c)
		return &access.Error{Code: access.CodeForbidden} // what people may do is another question
	}).Open()}})
	send := func(address, signature string) int {
		r := httptest.NewRequest("POST", "http://ramp.test/hook", strings.NewReader("{}"))
		r.RemoteAddr = address
		r.Header.Set("Signature", signature)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for range 9 {
		require.Equal(t, http.StatusForbidden, send("192.0.2.1:1", "valid"))
	}
	for range 2 {
		require.Equal(t, http.StatusUnauthorized, send("192.0.2.2:1", ""))
	}
	before := read
	require.Equal(t, http.StatusTooManyRequests, send("192.0.2.2:1", ""))
	require.Equal(t, http.StatusTooManyRequests, send("192.0.2.2:1", "valid"))
	require.Equal(t, before, read)
	require.Equal(t, http.StatusForbidden, send("192.0.2.1:1", "valid"))
}

// TestBulk: what is read in bulk counts apart, as long as that limit lasts, and only for those
// to whom it is served.
func TestBulk(t *testing.T) {
	slow := limit.Rate{PerSecond: 0.001, Burst: 2}
	h := mounted(t, slow, Surface{Prefixes: []string{""}, Routes: []Route{
		{Method: "GET", Path: "/tile", Handler: says("tile"), Bulk: true},
		{Method: "GET", Path: "/dropped", Handler: func(echo.Context) error { return &access.Error{Code: access.CodeTooLate} }, Bulk: true},
		{Method: "GET", Path: "/gone", Handler: func(echo.Context) error { return &access.Error{Code: access.CodeNotFound} }, Bulk: true},
		GET("/", says("ok")),
	}})
	get := func(path, address, person string) int {
		r := httptest.NewRequest("GET", "http://ramp.test"+path, nil)
		r.RemoteAddr = address
		r.Header.Set("X-Person", person)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for range 6 {
		require.Equal(t, http.StatusOK, get("/tile", "192.0.2.1:1", "carol"), "four in bulk, and two of the ordinary ones")
	}
	require.Equal(t, http.StatusTooManyRequests, get("/tile", "192.0.2.1:1", "carol"))
	require.Equal(t, http.StatusTooManyRequests, get("/tile", "192.0.2.9:1", "carol"), "a person has one limit, wherever they are")
	require.Equal(t, http.StatusTooManyRequests, get("/", "192.0.2.1:1", "dave"), "those of the address are used up, too")
	for range 2 {
		require.Equal(t, http.StatusNotFound, get("/gone", "192.0.2.2:1", "erin"))
	}
	require.Equal(t, http.StatusTooManyRequests, get("/gone", "192.0.2.2:1", "erin"), "what is not served is not given back")
	for range 6 {
		require.Equal(t, http.StatusGone, get("/dropped", "192.0.2.4:1", "frank"), "what policy dropped is read in bulk, too")
	}
	for range 2 {
		require.Equal(t, http.StatusOK, get("/tile", "192.0.2.3:1", ""))
	}
	require.Equal(t, http.StatusTooManyRequests, get("/tile", "192.0.2.3:1", ""), "nobody has no limit of bulk")
}
