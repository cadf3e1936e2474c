package server

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestProblemsAreInTheFrame: a page of an error has the navigation of who reads it, also where
// no route has looked who that is, and leads whom nobody knows to the login. What is refused
// before it is known who asks costs nobody a look.
func TestProblemsAreInTheFrame(t *testing.T) {
	f := newFixture(t)
	const nav, logIn = `<nav aria-label="Main">`, `<p class="who"><a href="/auth/login">Log in</a></p>`
	for _, c := range []struct {
		who, method, path string
		status            int
		with, without     []string
	}{
		{"alice", "GET", "/nothing", http.StatusNotFound, []string{nav, `href="/you"`, `href="/">Home</a>`}, []string{logIn, `href="/audit"`}},
		{"carol", "GET", "/nothing", http.StatusNotFound, []string{nav, `href="/audit"`}, []string{logIn}},
		{"alice", "POST", "/requests", http.StatusMethodNotAllowed, []string{nav, "this address takes GET"}, []string{logIn}},
		{"alice", "GET", "/requests/0123456789abcdef", http.StatusNotFound, []string{nav}, []string{logIn}},
		{"alice", "GET", "/contracts", http.StatusForbidden, []string{nav}, []string{logIn}},
		{"", "GET", "/nothing", http.StatusNotFound, []string{logIn, `<a class="go" href="/auth/login">Log in</a>`}, []string{nav}},
		{"", "GET", "/auth/callback?state=x", http.StatusUnauthorized, []string{logIn, "does not belong to this browser", `<a class="go" href="/auth/login">Log in</a>`}, []string{nav, `"status":`}},
		{"alice", "GET", "/auth/nothing", http.StatusNotFound, []string{nav}, []string{logIn}},
	} {
		token := ""
		if c.who != "" {
			token = f.token(c.who)
		}
		w := f.callWith(token, c.method, c.path, "", "", "Accept", "text/html")
		page := w.Body.String()
		require.Equal(t, c.status, w.Code, "%+v", c)
		for _, text := range c.with {
			require.Contains(t, page, text, "%+v", c)
		}
		for _, text := range c.without {
			require.NotContains(t, page, text, "%+v", c)
		}
	}
	w := f.callWith("", "POST", "/ask/ssh-demo", "application/x-www-form-urlencoded", "reason=x", "Accept", "text/html", "Origin", "https://evil.example")
	require.Equal(t, http.StatusForbidden, w.Code)
	require.NotContains(t, w.Body.String(), nav)
	w = f.callWith("no token", "GET", "/nothing", "", "", "Accept", "text/html")
	require.Equal(t, http.StatusNotFound, w.Code, "who cannot be known is nobody here")
	require.Contains(t, w.Body.String(), logIn)
	w = f.callWith("", "GET", "/auth/callback?state=x", "", "")
	require.Contains(t, w.Body.String(), `"code":"login_replayed"`, "programs read JSON")
}
