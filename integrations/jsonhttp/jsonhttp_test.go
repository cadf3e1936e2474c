package jsonhttp

import (
	"bytes"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

const ownToken = "p4ssw0rd"

// service is one that keeps what it was last asked, and replies as reply says.
type service struct {
	*httptest.Server
	reply func(w http.ResponseWriter, r *http.Request)
	asked *http.Request
	body  []byte
}

func start(t *testing.T) (*service, Config) {
	s := &service{reply: func(http.ResponseWriter, *http.Request) {}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = r
		s.body, _ = io.ReadAll(r.Body)
		s.reply(w, r)
	}))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(ownToken+"\n"), 0o600))
	return s, Config{Address: s.URL, Token: field.SecretFile(file)}
}

func open(t *testing.T, c Config) *Client {
	client, err := c.Open(Dialect{Name: "the service", Header: http.Header{"X-Kind": {"test"}},
		Authenticate: func(h http.Header, token string) { h.Set("Authorization", "Bearer "+token) },
		IsNotFound:   func(body []byte) bool { return string(body) == `"none"` },
		Message:      func(body []byte) string { return string(bytes.ReplaceAll(body, []byte(ownToken), []byte("(a token)"))) },
	}, nil)
	require.NoError(t, err)
	return client
}

func responds(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestCall(t *testing.T) {
	s, c := start(t)
	client := open(t, c)
	s.reply = responds(200, `{"n":1}`)
	var out struct {
		N int `json:"n"`
	}
	found, err := client.Call(t.Context(), http.MethodPost, "/things", map[string]int{"a": 1}, &out)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, 1, out.N)
	require.JSONEq(t, `{"a":1}`, string(s.body))
	require.Equal(t, []string{"Bearer " + ownToken, "test", "application/json"},
		[]string{s.asked.Header.Get("Authorization"), s.asked.Header.Get("X-Kind"), s.asked.Header.Get("Content-Type")})

	path, _ := c.Token.Path()
	require.NoError(t, os.WriteFile(path, []byte("rotated"), 0o600))
	_, err = client.Call(t.Context(), http.MethodGet, "/things", nil, &out)
	require.NoError(t, err)
	require.Equal(t, "Bearer rotated", s.asked.Header.Get("Authorization"))

	s.reply = responds(404, `"none"`)
	found, err = client.Call(t.Context(), http.MethodGet, "/things", nil, &out)
	require.NoError(t, err)
	require.False(t, found)
}

// What is no word of the service proves nothing, and no error shows a secret.
func TestReplies(t *testing.T) {
	s, c := start(t)
	client := open(t, c)
	for what, r := range map[string]struct {
		status int
		body   string
		want   access.Code
	}{
		"another's 404": {404, "<html>", access.CodeUnavailable},
		"no body":       {200, "", access.CodeUnavailable},
		"no JSON":       {200, "<html>" + ownToken, access.CodeUnavailable},
		"null":          {200, " null\n", access.CodeUnavailable},
		"another type":  {200, `{"n":"` + ownToken + `"}`, access.CodeUnavailable},
		"wrong input":   {422, ownToken, access.CodeInvalid},
		"no rights":     {403, ownToken, access.CodeForbidden},
		"conflict":      {409, "", access.CodeConflict},
		"down":          {503, "", access.CodeUnavailable},
	} {
		s.reply = responds(r.status, r.body)
		var out struct {
			N int `json:"n"`
		}
		found, err := client.Call(t.Context(), http.MethodGet, "/x", nil, &out)
		require.Equal(t, r.want, access.CodeOf(err), "%s: %v", what, err)
		require.False(t, found, what)
		require.NotContains(t, err.Error(), ownToken, what)
		require.Contains(t, err.Error(), "GET /x", what)
	}
	s.reply = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(429)
	}
	_, err := client.Call(t.Context(), http.MethodPost, "/x", nil, nil)
	require.Equal(t, access.CodeThrottled, access.CodeOf(err))
	require.Equal(t, 7*time.Second, access.RetryAfterOf(err))

	s.Close()
	_, err = client.Call(t.Context(), http.MethodGet, "/x", nil, nil)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

// Ramp's own token goes to the configured address only: no redirect is followed, and
// no proxy is used.
func TestTheTokenGoesNowhereElse(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called elsewhere") }))
	defer elsewhere.Close()
	s, c := start(t)
	_, err := c.Open(Dialect{}, func(next http.RoundTripper) http.RoundTripper {
		require.Nil(t, next.(*http.Transport).Proxy)
		return next
	})
	require.NoError(t, err)
	client := open(t, c)
	for _, status := range []int{301, 302, 303, 307, 308} {
		s.reply = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) }
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			_, err := client.Call(t.Context(), method, "/x", nil, nil)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		}
	}
	// A server that the authorities do not vouch for gets no token.
	tls := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stranger was sent the token") }))
	defer tls.Close()
	c.Address = tls.URL
	_, err = open(t, c).Call(t.Context(), http.MethodGet, "/x", nil, nil)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

func TestAuthorities(t *testing.T) {
	tls := httptest.NewTLSServer(http.HandlerFunc(responds(200, "{}")))
	defer tls.Close()
	_, c := start(t)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})
	file := filepath.Join(t.TempDir(), "ca.pem")
	c.Address, c.CAFile = tls.URL, field.File(file)
	_, err := c.Open(Dialect{}, nil)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "it may be mounted a moment later")
	require.NoError(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	_, err = c.Open(Dialect{}, nil)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.NoError(t, os.WriteFile(file, authority, 0o600))
	client := open(t, c)
	require.Equal(t, string(authority), client.Authorities())
	_, err = client.Call(t.Context(), http.MethodGet, "/x", nil, nil)
	require.NoError(t, err)
}

// A token that cannot be one is never sent.
func TestOwnToken(t *testing.T) {
	s, c := start(t)
	path, _ := c.Token.Path()
	for what, text := range map[string]string{"empty": "\n", "two lines": ownToken + "\nX-Other: 1", "binary": ownToken + "\x00", "long": string(bytes.Repeat([]byte("x"), maxToken+1))} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := open(t, c).Call(t.Context(), http.MethodGet, "/x", nil, nil)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), what)
		require.NotContains(t, err.Error(), ownToken)
	}
	require.Nil(t, s.asked)
	require.Len(t, Config{}.Validate(), 2)
}
