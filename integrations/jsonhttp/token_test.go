package jsonhttp

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
)

// issuer gives out tokens, numbered, and takes back what it gave out before.
type issuer struct {
	*service
	config Config
	asked  atomic.Int64
	ask    func() // before it gives one out, if set

	mu      sync.Mutex
	refuses map[string]int // tokens that are taken back, and how often they came
}

func startIssuer(t *testing.T) (*issuer, *Client) {
	s, c := start(t)
	is := &issuer{service: s, config: c, refuses: map[string]int{}}
	s.reply = func(w http.ResponseWriter, r *http.Request) {
		is.mu.Lock()
		defer is.mu.Unlock()
		token := r.Header.Get("Authorization")
		if _, refused := is.refuses[token]; refused {
			is.refuses[token]++
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("{}"))
	}
	tokens, err := c.OpenTokens("the service", c.Token.Cached(), func(context.Context, string) (*oauth2.Token, error) {
		n := is.asked.Add(1)
		if is.ask != nil {
			is.ask()
		}
		return &oauth2.Token{AccessToken: "t" + strconv.FormatInt(n, 10)}, nil
	}, nil)
	require.NoError(t, err)
	client, err := c.Open(Dialect{Name: "the service", Tokens: tokens, Authenticate: func(h http.Header, token string) { h.Set("Authorization", token) },
		IsNotFound: func([]byte) bool { return false }, Message: func([]byte) string { return "" }}, nil)
	require.NoError(t, err)
	return is, client
}

// TestRefusedToken: a token that was taken back before its end is dropped, and the call is made
// once more; a service that refuses every token is asked twice in all.
func TestRefusedToken(t *testing.T) {
	is, client := startIssuer(t)
	post := func() error {
		_, err := client.Call(t.Context(), http.MethodPost, "/x", map[string]int{"a": 1}, nil)
		return err
	}
	require.NoError(t, post())
	require.NoError(t, post())
	require.EqualValues(t, 1, is.asked.Load(), "one token for all calls")

	is.refuses["t1"] = 0
	require.NoError(t, post())
	require.EqualValues(t, 2, is.asked.Load())
	require.Equal(t, 1, is.refuses["t1"])
	require.JSONEq(t, `{"a":1}`, string(is.body), "the whole call is made again")

	is.refuses["t2"], is.refuses["t3"] = 0, 0
	require.Equal(t, access.CodeForbidden, access.CodeOf(post()))
	require.Equal(t, map[string]int{"t1": 1, "t2": 1, "t3": 1}, is.refuses)

	path, _ := is.config.Token.Path()
	require.NoError(t, os.WriteFile(path, []byte("exchanged"), 0o600))
	require.NoError(t, post())
	require.EqualValues(t, 4, is.asked.Load(), "credentials that were exchanged are used at once")
}

// TestManyNeedAToken: all who need a token at the same time share one, also where another was
// refused; and nobody waits for it longer than they want to.
func TestManyNeedAToken(t *testing.T) {
	t.Parallel()
	is, client := startIssuer(t)
	call := func(ctx context.Context) error {
		_, err := client.Call(ctx, http.MethodGet, "/x", nil, &struct{}{})
		return err
	}
	// The service of these tests keeps what it was last asked: it is asked one after the other.
	asking, goOn := make(chan struct{}), make(chan struct{})
	is.ask = func() { close(asking); <-goOn }
	var first, others errgroup.Group
	first.Go(func() error { return call(t.Context()) })
	<-asking
	ctx, leave := context.WithCancel(t.Context())
	leave()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(call(ctx)), "while another asks")
	for range 20 {
		others.Go(func() error {
			_, err := client.dialect.Tokens.Read(t.Context())
			return err
		})
	}
	is.ask = nil
	close(goOn)
	require.NoError(t, first.Wait())
	require.NoError(t, others.Wait())
	require.EqualValues(t, 1, is.asked.Load())

	var twice errgroup.Group
	for range 20 {
		twice.Go(func() error {
			client.dialect.Tokens.forget("t1")
			_, err := client.dialect.Tokens.Read(t.Context())
			return err
		})
	}
	require.NoError(t, twice.Wait())
	client.dialect.Tokens.forget("t1")
	_, err := client.dialect.Tokens.Read(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, is.asked.Load(), "what was refused is dropped once")
}
