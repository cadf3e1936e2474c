package server

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/server/problem"
)

// TestStepUp: what opens access under a contract that wants it needs a new
// login, what ends access never does, and nothing that is refused gets further
// than here.
func TestStepUp(t *testing.T) {
	f := newFixture(t)
	refused := func(token, method, path, body string, within time.Duration) {
		t.Helper()
		before := f.temporal.messages.Load()
		w := f.call(token, method, path, jsonType, body)
		require.Equal(t, http.StatusUnauthorized, w.Code, "%s", w.Body)
		var p problem.Problem
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		require.Equal(t, access.IssueStepUpNeeded, p.Code)
		require.Equal(t, int(within.Seconds()), p.MaxAge)
		require.Contains(t, w.Header().Get("WWW-Authenticate"), `error="insufficient_user_authentication"`)
		require.Contains(t, w.Header().Get("WWW-Authenticate"), `max_age="`)
		require.Equal(t, before, f.temporal.messages.Load())
	}
	ok := func(token, method, path, body string) access.Request {
		t.Helper()
		w := f.call(token, method, path, jsonType, body)
		require.Less(t, w.Code, 300, "%s", w.Body)
		var r access.Request
		_ = json.Unmarshal(w.Body.Bytes(), &r)
		return r
	}
	const day = 24 * time.Hour
	ask := `{"contract": "ssh-demo-guarded", "reason": "look at the host together"}`
	refused(f.tokenOf("alice", 9*time.Hour), "POST", "/api/v1/requests", ask, 8*time.Hour)
	ok(f.tokenOf("alice", 9*time.Hour), "POST", "/api/v1/requests?dryRun=true", ask)
	r := ok(f.tokenOf("alice", 7*time.Hour), "POST", "/api/v1/requests", ask)
	require.WithinDuration(t, time.Now().Add(-7*time.Hour), r.Plan.Requester.LoggedInAt, time.Minute, "it is part of what is signed")

	path := "/api/v1/requests/" + r.ID
	decide := func(v access.Verdict) string {
		return `{"decision": "` + string(v) + `", "planDigest": "` + r.Plan.Digest + `"}`
	}
	refused(f.tokenOf("bob", time.Hour), "POST", path+"/decision", decide(access.Approve), 15*time.Minute)
	page := f.call(f.tokenOf("bob", time.Hour), "GET", "/requests/"+r.ID, "", "").Body.String()
	require.Contains(t, page, `href="/auth/login?again=1&amp;next=%2frequests%2f`+r.ID)
	require.Regexp(t, `id="approve"[^>]* disabled`, page)
	require.NotRegexp(t, `id="deny"[^>]* disabled`, page)
	page = f.call(f.token("bob"), "GET", "/requests/"+r.ID, "", "").Body.String()
	require.NotContains(t, page, "login-needed")
	require.NotRegexp(t, `id="approve"[^>]* disabled`, page)
	page = f.call(f.tokenOf("alice", day), "GET", "/ask/ssh-demo-guarded", "", "").Body.String()
	require.Contains(t, page, `href="/auth/login?again=1&amp;next=%2fask%2fssh-demo-guarded"`)
	ok(f.token("bob"), "POST", path+"/decision", decide(access.Approve))
	ok(f.tokenOf("carol", day), "POST", path+"/decision", decide(access.Deny))

	now := time.Now().UTC()
	ledgertest.Bring(t, f.ledger, r, access.StateActive, now, now.Add(10*time.Minute))
	recipient, err := evidence.NewRecipient()
	require.NoError(t, err)
	pickUp := `{"recipient": "` + recipient.Public() + `"}`
	refused(f.tokenOf("alice", day), "POST", path+"/credentials", pickUp, 8*time.Hour)
	require.Contains(t, f.call(f.tokenOf("alice", day), "GET", "/requests/"+r.ID, "", "").Body.String(), "login-needed")
	ok(f.token("alice"), "POST", path+"/credentials", pickUp)
	ok(f.tokenOf("alice", day), "POST", path+"/release", `{}`)
}
