// Package sourcetest is what every source that is a service must withstand: a service that
// is down, slow, asks for fewer calls, refuses the token, responds with something else, or
// sends Ramp's token on to another server. In all of it nothing is known.
package sourcetest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts/source"
)

// Token is the one with which Ramp calls the servers of these tests.
const Token = "t0ken-MARKED"

// Server is a service that has JSON at some paths, and says otherwise what Missing is.
type Server struct {
	*httptest.Server
	Missing string // body of a 404

	mu    sync.Mutex
	pages map[string]string // by path and query
	asked []*http.Request
	fault http.HandlerFunc
}

// Start returns a server that has nothing yet; its 404 is missing. It refuses calls whose
// header Authorization is another one.
func Start(t *testing.T, authorization, missing string) *Server {
	s := &Server{Missing: missing, pages: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		fault := s.fault
		page, there := s.pages[r.URL.RequestURI()]
		s.asked = append(s.asked, r)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch {
		case fault != nil:
			fault(w, r)
		case authorization != "" && r.Header.Get("Authorization") != authorization:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, missing)
		case !there:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, s.Missing)
		default:
			_, _ = io.WriteString(w, page)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// Has puts what the server responds with at a path and query.
func (s *Server) Has(uri, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[uri] = body
}

// Asked returns the calls so far.
func (s *Server) Asked() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.asked...)
}

// Fault replaces every response; nil ends that.
func (s *Server) Fault(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = h
}

// Config returns how Ramp calls the server, with Token in a file.
func (s *Server) Config(t *testing.T) source.Config {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(Token+"\n"), 0o600))
	return source.Config{Address: s.URL, Token: field.SecretFile(file)}
}

// Faults asks a source, which knows the thing, under every fault of its service.
func Faults(t *testing.T, s *Server, src source.Service, kind access.FactKind, key string) {
	ask := func(within time.Duration) (source.Reply, error) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return src.Ask(ctx, kind, key)
	}
	reply, err := ask(time.Minute)
	require.NoError(t, err, "the source knows it while nothing is wrong")
	require.False(t, reply.Absent)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called elsewhere") }))
	defer elsewhere.Close()
	held := make(chan struct{})
	defer close(held)
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for what, c := range map[string]struct {
		fault http.HandlerFunc
		code  access.Code
	}{
		"a revoked token":      {status(401, s.Missing), access.CodeForbidden},
		"a token without it":   {status(403, s.Missing), access.CodeForbidden},
		"down":                 {status(503, "<html>"+Token), access.CodeUnavailable},
		"broken":               {status(500, s.Missing), access.CodeUnavailable},
		"another server's 404": {status(404, "<html>not here</html>"), access.CodeUnavailable},
		"no question of its":   {status(400, s.Missing), access.CodeUnavailable},
		"no JSON":              {status(200, "<html>please log in "+Token), access.CodeUnavailable},
		"an empty object":      {status(200, "{}"), access.CodeUnavailable},
		"a list":               {status(200, "[]"), access.CodeUnavailable},
		"no body":              {status(200, ""), access.CodeUnavailable},
		"a huge body":          {status(200, `{"x":"`+strings.Repeat("x", 5<<20)+`"}`), access.CodeUnavailable},
		"a redirect":           {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, access.CodeUnavailable},
		"half a body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"key":`)
		}, access.CodeUnavailable},
		"silence": {func(http.ResponseWriter, *http.Request) { <-held }, access.CodeUnavailable},
		"fewer calls": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			status(429, s.Missing)(w, nil)
		}, access.CodeThrottled},
	} {
		s.Fault(c.fault)
		within := time.Minute
		if what == "silence" {
			within = 2 * time.Second // it is waited for
		}
		reply, err := ask(within)
		require.Equal(t, c.code, access.CodeOf(err), "%s: %v", what, err)
		require.Equal(t, source.Reply{}, reply, what)
		require.NotContains(t, err.Error(), "MARKED", what)
		if what == "fewer calls" {
			require.Equal(t, 7*time.Second, access.RetryAfterOf(err))
		}
		if what != "silence" {
			require.Error(t, src.Ping(t.Context()), what)
		}
	}
	s.Fault(nil)
	reply, err = ask(time.Minute)
	require.NoError(t, err, "and again once nothing is wrong any more")
	require.False(t, reply.Absent)
}
