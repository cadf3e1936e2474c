package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestPagesOfThoseWhoSeeAll: operators and auditors request nothing, so their
// pages begin with what they do instead.
func TestPagesOfThoseWhoSeeAll(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StatePending)
	page := func(who, path string) string {
		w := f.call(f.token(who), "GET", path, "", "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		return w.Body.String()
	}
	require.Contains(t, page("oscar", "/requests"), `href="/requests/`+r.ID+`"`)
	require.Contains(t, page("oscar", "/requests"), `aria-current="page">All`)
	require.Contains(t, page("oscar", "/requests?show=mine"), "You have made no request yet")
	require.Contains(t, page("alice", "/requests"), `aria-current="page">Mine`)
	require.Contains(t, page("dave", "/requests"), `aria-current="page">Mine`)
	home := page("oscar", "/")
	require.Contains(t, home, "As an operator you see")
	require.NotContains(t, home, "No active access")
	require.NotContains(t, home, "As an auditor")
	require.Contains(t, page("carol", "/"), "As an auditor you read <a href=\"/audit\">the log")
	require.NotContains(t, page("dave", "/"), "What you can do")
}

// TestAskSaysThatNobodyCanApprove: a contract that wants passkeys, on a server
// without them.
func TestAskSaysThatNobodyCanApprove(t *testing.T) {
	f := newFixture(t)
	for contract, want := range map[string]bool{"ssh-demo-passkey": true, "ssh-demo": false} {
		w := f.call(f.token("alice"), "GET", "/ask/"+contract, "", "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, want, strings.Contains(w.Body.String(), `id="no-passkeys"`), contract)
	}
	home := f.call(f.token("alice"), "GET", "/", "", "").Body.String()
	require.Equal(t, 1, strings.Count(home, "with a passkey: nobody can here yet"), home)
}
