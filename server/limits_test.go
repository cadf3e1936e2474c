package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/dev/idp"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/problem"
)

func (f *fixture) problem(w *httptest.ResponseRecorder) problem.Problem {
	f.Helper()
	var p problem.Problem
	require.NoError(f, json.Unmarshal(w.Body.Bytes(), &p), "%s", w.Body)
	return p
}

// slow is a rate at which nothing comes back during a test.
func slow(burst int) limit.Rate { return limit.Rate{PerSecond: 0.001, Burst: burst} }

func TestRates(t *testing.T) {
	t.Run("Case47 a person", func(t *testing.T) {
		f := newFixture(t, func(c *Config) { c.Limits.Person = slow(3) })
		me := func(who string) *httptest.ResponseRecorder { return f.call(f.token(who), "GET", "/api/v1/me", "", "") }
		for range 3 {
			require.Equal(t, http.StatusOK, me("alice").Code)
		}
		w := me("alice")
		require.Equal(t, http.StatusTooManyRequests, w.Code)
		require.Equal(t, "too_many_requests", f.problem(w).Code)
		require.Equal(t, "1000", w.Header().Get("Retry-After"))
		require.Equal(t, http.StatusTooManyRequests, me("alice-agent").Code, "an agent counts as its human")
		require.Equal(t, http.StatusOK, me("bob").Code)
	})
	t.Run("an address, before anybody is identified; health is never limited", func(t *testing.T) {
		f := newFixture(t, func(c *Config) { c.Limits.Address = slow(2) })
		from := func(address, forwarded, path string) int {
			r := httptest.NewRequest("GET", "http://ramp.test"+path, nil)
			r.RemoteAddr = address
			r.Header.Set("X-Forwarded-For", forwarded)
			w := httptest.NewRecorder()
			f.handler.ServeHTTP(w, r)
			return w.Code
		}
		for i := range 2 {
			require.Equal(t, http.StatusUnauthorized, from("192.0.2.1:1000", fmt.Sprint("198.51.100.", i), "/api/v1/me"))
		}
		require.Equal(t, http.StatusTooManyRequests, from("192.0.2.1:1001", "198.51.100.9", "/api/v1/me"), "nobody gets more by a header")
		require.Equal(t, http.StatusUnauthorized, from("192.0.2.2:1000", "", "/api/v1/me"))
		for range 2 {
			require.Equal(t, http.StatusUnauthorized, from("[2001:db8::1]:1", "", "/api/v1/me"))
		}
		require.Equal(t, http.StatusTooManyRequests, from("[2001:db8::ffff]:1", "", "/api/v1/me"), "of one network")
		for range 5 {
			require.Equal(t, http.StatusOK, from("192.0.2.1:1000", "", "/healthz"))
		}
	})
	t.Run("Case47 tiles of the log", func(t *testing.T) {
		f := newFixture(t, func(c *Config) { c.Limits.Person, c.Limits.Log = slow(3), slow(5) })
		f.asks("alice", "something that the log has", "")
		tile := func(who, path string) int {
			return f.call(f.token(who), "GET", "/api/v1/audit/tile/"+path, "", "").Code
		}
		for range 5 + 3 {
			require.Equal(t, http.StatusOK, tile("carol", "entries/000.p/1"), "those of the log, and then the ordinary ones")
		}
		require.Equal(t, http.StatusTooManyRequests, tile("carol", "entries/000.p/1"))
		for range 3 {
			require.Equal(t, http.StatusForbidden, tile("bob", "entries/000.p/1"))
		}
		require.Equal(t, http.StatusTooManyRequests, tile("bob", "entries/000.p/1"), "each refusal is recorded: they count as everything else")
	})
	t.Run("an address behind a trusted proxy", func(t *testing.T) {
		f := newFixture(t, func(c *Config) { c.Limits.Address = slow(1); c.Limits.TrustedProxies = []string{"192.0.2.0/24"} })
		from := func(forwarded string) int {
			r := httptest.NewRequest("GET", "http://ramp.test/api/v1/me", nil)
			r.RemoteAddr = "192.0.2.1:1000"
			r.Header.Set("X-Forwarded-For", forwarded)
			w := httptest.NewRecorder()
			f.handler.ServeHTTP(w, r)
			return w.Code
		}
		require.Equal(t, http.StatusUnauthorized, from("203.0.113.5"))
		require.Equal(t, http.StatusUnauthorized, from("203.0.113.6"))
		require.Equal(t, http.StatusTooManyRequests, from("198.51.100.1, 203.0.113.5"), "what the proxy says counts, not what is before it")
	})
}

func (f *fixture) asks(who, reason, key string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://ramp.test/api/v1/requests", strings.NewReader(`{"contract":"ssh-demo","reason":"`+reason+`"}`))
	r.Header.Set("Authorization", "Bearer "+f.token(who))
	r.Header.Set("Content-Type", jsonType)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

func TestCase47OpenRequests(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxOpen = 2 })
	first := f.asks("alice", "the first of the requests", "")
	require.Equal(t, http.StatusCreated, first.Code, "%s", first.Body)

	t.Run("the same while it is pending", func(t *testing.T) {
		var r access.Request
		require.NoError(t, json.Unmarshal(first.Body.Bytes(), &r))
		w := f.asks("alice", "the first of the requests", "")
		require.Equal(t, http.StatusConflict, w.Code)
		require.Equal(t, "duplicate_pending", f.problem(w).Code)
		require.Contains(t, f.problem(w).Detail, r.ID)
		require.Equal(t, http.StatusConflict, f.asks("alice", "the first of the requests", "a new key").Code)
	})
	t.Run("a key finds the first instead", func(t *testing.T) {
		require.Equal(t, http.StatusCreated, f.asks("alice", "the second of the requests", "key").Code)
		require.Equal(t, http.StatusOK, f.asks("alice", "the second of the requests", "key").Code)
	})
	t.Run("more than may be open", func(t *testing.T) {
		w := f.asks("alice", "the third of the requests", "")
		require.Equal(t, http.StatusTooManyRequests, w.Code)
		require.Equal(t, "too_many_open", f.problem(w).Code)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		require.Equal(t, http.StatusCreated, f.asks("erin", "the first of the requests", "").Code, "another person's are counted apart")
	})
	t.Run("at the same instant", func(t *testing.T) {
		codes := make([]int, 6)
		var wg sync.WaitGroup
		for i := range codes {
			wg.Go(func() { codes[i] = f.asks("bob", fmt.Sprint("request of bob, number ", i), "").Code })
		}
		wg.Wait()
		made := 0
		for _, c := range codes {
			if c == http.StatusCreated {
				made++
			}
		}
		require.Equal(t, 2, made, "%v", codes)
	})
}

// serving runs the server on a port with short patience.
func (f *fixture) serving(t timeouts) (addr string, stop func() error) {
	f.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(f, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	var feed sync.WaitGroup
	feed.Go(func() { f.feed.Run(ctx) })
	go func() { done <- serve(ctx, l, f.handler, t) }()
	// Both are waited for: a query under way keeps files in the test's folder.
	stop = sync.OnceValue(func() error { cancel(); feed.Wait(); return <-done })
	f.Cleanup(func() { _ = stop() })
	return l.Addr().String(), stop
}

var impatient = timeouts{header: time.Second, read: 2 * time.Second, write: 5 * time.Second, idle: time.Second}

// hangsUp waits until the other side closes, and returns what came before.
func hangsUp(t *testing.T, c net.Conn) string {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	b, err := io.ReadAll(c)
	if err != nil {
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.NotContains(t, err.Error(), "timeout", "the server waits for ever")
	}
	return string(b)
}

func TestSlowClients(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addr, _ := f.serving(impatient)
	dial := func(t *testing.T, send string) net.Conn {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		_, err = io.WriteString(c, send)
		require.NoError(t, err)
		return c
	}
	t.Run("says nothing", func(t *testing.T) { hangsUp(t, dial(t, "")) })
	t.Run("headers that never end", func(t *testing.T) {
		c := dial(t, "GET /healthz HTTP/1.1\r\nHost: ramp.test\r\n")
		go func() {
			for {
				if _, err := io.WriteString(c, "X-Slow: 1\r\n"); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}()
		require.NotContains(t, hangsUp(t, c), "200 OK")
	})
	t.Run("a body that does not come", func(t *testing.T) {
		c := dial(t, "POST /api/v1/requests HTTP/1.1\r\nHost: ramp.test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"+
			"Authorization: Bearer "+f.token("alice")+"\r\n\r\n{")
		require.Contains(t, hangsUp(t, c), "body_too_slow")
	})
	t.Run("headers too large", func(t *testing.T) {
		c := dial(t, "GET /healthz HTTP/1.1\r\nHost: ramp.test\r\nX-Large: "+strings.Repeat("x", maxHeader+8192)+"\r\n\r\n")
		require.Contains(t, hangsUp(t, c), "431")
	})
	t.Run("idle after an answer", func(t *testing.T) {
		require.Contains(t, hangsUp(t, dial(t, "GET /healthz HTTP/1.1\r\nHost: ramp.test\r\n\r\n")), "200 OK")
	})
}

// stream opens a stream of events as somebody.
func stream(t *testing.T, addr, token string) *bufio.Reader {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+addr+"/api/v1/events", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	b := bufio.NewReader(res.Body)
	line, err := b.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, ": connected\n", line)
	return b
}

// ends reads a stream to its end.
func ends(t *testing.T, b *bufio.Reader) {
	t.Helper()
	done := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, b); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the stream goes on")
	}
}

func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	t.Run("with the token", func(t *testing.T) {
		f := newFixture(t)
		addr, _ := f.serving(defaultTimeouts)
		token, err := idp.Mint(f.dir, f.issuer, "alice", "ramp", 5*time.Second, 0)
		require.NoError(t, err)
		ends(t, stream(t, addr, token))
	})
	t.Run("with the server", func(t *testing.T) {
		f := newFixture(t)
		addr, stop := f.serving(defaultTimeouts)
		b := stream(t, addr, f.token("alice"))
		require.NoError(t, stop())
		ends(t, b)
	})
	t.Run("not with the patience for questions", func(t *testing.T) {
		f := newFixture(t)
		addr, _ := f.serving(impatient)
		b := stream(t, addr, f.token("alice"))
		time.Sleep(2 * impatient.read) // what is tried is that this is not too long
		w := f.asks("alice", "something that is told in the stream", "")
		require.Equal(t, http.StatusCreated, w.Code)
		for {
			line, err := b.ReadString('\n')
			require.NoError(t, err, "the stream ended")
			if strings.HasPrefix(line, "data: ") && strings.Contains(line, `"kind":"request.created"`) {
				return
			}
		}
	})
}
