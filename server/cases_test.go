package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestForgedByAnotherSite: every route that changes something refuses what
// another site's page sends with a person's cookie; and what a link or an image
// can send changes nothing. Generated from the routes, so that no new one is
// left out.
func TestForgedByAnotherSite(t *testing.T) {
	f := newFixture(t, withSCIM(t), withUI)
	r := f.request(access.StatePending)
	changing := 0
	for s, route := range f.routes() {
		path := address(route, r)
		if route.Method == http.MethodGet {
			before := f.temporal.messages.Load()
			f.call(f.token("bob"), http.MethodGet, path, "", "")
			require.Equal(t, before, f.temporal.messages.Load(), "GET %s did something", route.Path)
			continue
		}
		changing++
		from := func(header, value string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(route.Method, "http://ramp.test"+path, strings.NewReader("reason=x"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header, value)
			w := httptest.NewRecorder()
			f.handler.ServeHTTP(w, r)
			require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
			return w
		}
		if s.Tokens {
			// No cookie opens it, so that no browser can be used for it.
			require.Equal(t, http.StatusUnauthorized, from("Cookie", "ramp_session=of-a-person").Code, "%s %s", route.Method, route.Path)
			continue
		}
		for _, forged := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			w := from(forged[0], forged[1])
			require.Equal(t, http.StatusForbidden, w.Code, "%s %s, %v", route.Method, route.Path, forged)
			require.Contains(t, w.Body.String(), "cross_origin")
		}
		require.NotContains(t, from("Sec-Fetch-Site", "same-origin").Body.String(), "cross_origin", "%s %s", route.Method, route.Path)
	}
	require.Greater(t, changing, 10)
}

// TestCase20EditedAfterwards: a contract that became laxer, or went away, after
// somebody asked under it changes nothing for their request.
func TestCase20EditedAfterwards(t *testing.T) {
	f := newFixture(t)
	go f.contracts.Run(t.Context())
	before := f.request(access.StatePending)
	file := filepath.Join(f.dir, "contracts", "ssh.yaml")
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	lax := strings.Replace(string(b), "{name: team lead, from: [approvers], approvals: 1}", "{name: team lead, from: [engineering], approvals: 1}", 1)
	require.NotEqual(t, string(b), lax)
	old := f.contracts.Current().Version
	require.NoError(t, os.WriteFile(file, []byte(lax), 0o600))
	require.Eventually(t, func() bool { return f.contracts.Current().Version != old }, 30*time.Second, 20*time.Millisecond)

	now, err := f.ledger.Request(t.Context(), before.ID)
	require.NoError(t, err)
	require.Equal(t, before.Plan, now.Plan)
	decide := func(r access.Request, who string) int {
		_, body := f.question("POST", "/api/v1/requests/:id/decision", r, 0)
		return f.call(f.token(who), "POST", "/api/v1/requests/"+r.ID+"/decision", jsonType, body).Code
	}
	require.NotEqual(t, http.StatusOK, decide(before, "erin"), "erin is an engineer, as the new text says, and no approver, as the plan says")
	require.Equal(t, http.StatusOK, decide(before, "bob"))
	var after access.Request
	require.NoError(t, json.Unmarshal(f.asks("alice", "asked once the text was laxer", "").Body.Bytes(), &after))
	require.NotEqual(t, before.Plan.ContractVersion, after.Plan.ContractVersion)
	require.NotEqual(t, before.Plan.Rule, after.Plan.Rule)
}

// TestCase22NobodyEditsThroughRamp: Ramp's own power to open access is lent to
// contracts; so no door of the server writes one, for anybody.
func TestCase22NobodyEditsThroughRamp(t *testing.T) {
	f := newFixture(t)
	for _, who := range everybody[1:] {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			for _, path := range []string{"/api/v1/catalog", "/api/v1/catalog/ssh-demo", "/api/v1/contracts", "/api/v1/contracts/ssh-demo"} {
				w := f.call(f.token(who), method, path, jsonType, `{"contract": "ssh-demo", "text": "kind: Contract"}`)
				require.Contains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, w.Code, "%s %s", method, path)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(f.dir, "contracts", "ssh.yaml"))
	require.NoError(t, err)
	original, err := os.ReadFile(example)
	require.NoError(t, err)
	require.Equal(t, original, b)
}

// TestCase45HistoryOutlivesTemporal: what happened is read from the ledger. The
// Temporal of this fixture never knew the request.
func TestCase45HistoryOutlivesTemporal(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StateEnded)
	w := f.call(f.token("alice"), "GET", "/api/v1/requests/"+r.ID, "", "")
	require.Equal(t, http.StatusOK, w.Code)
	var told access.Request
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &told))
	require.Equal(t, access.StateEnded, told.State)
	require.Equal(t, r.Plan.Reason, told.Plan.Reason)
	require.NotEmpty(t, told.Timeline)
	w = f.call(f.token("alice"), "GET", "/api/v1/requests?mine=true&state=ended", "", "")
	require.Contains(t, w.Body.String(), r.ID)
	require.Equal(t, http.StatusOK, f.call(f.token("carol"), "GET", "/api/v1/requests/"+r.ID+"/evidence", "", "").Code)
}

// TestCase48WhatPeopleWriteStaysOutOfLogs: logs travel further than the ledger
// does, so at every level they carry neither reasons nor comments nor tokens.
func TestCase48WhatPeopleWriteStaysOutOfLogs(t *testing.T) {
	f := newFixture(t)
	var log lockedLog
	logger := f.log.(*logrus.Logger)
	logger.SetOutput(&log)
	logger.SetLevel(logrus.TraceLevel)
	const reason, comment, secret = "patient Marker-Reason at 02:14", "Marker-Comment", "Marker-Secret"
	w := f.asks("alice", reason, "")
	require.Equal(t, http.StatusCreated, w.Code)
	require.Equal(t, http.StatusConflict, f.asks("alice", reason, "").Code)
	var r access.Request
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &r))
	token := f.token("bob")
	post := func(path, body string) { f.call(token, "POST", "/api/v1/requests"+path, jsonType, body) }
	post("/"+r.ID+"/decision", `{"decision": "approve", "planDigest": "`+r.Plan.Digest+`", "comment": "`+comment+`"}`)
	post("/"+r.ID+"/decision", `{"decision": "maybe", "planDigest": "`+r.Plan.Digest+`", "comment": "`+comment+`"}`)
	post("/"+r.ID+"/revoke", `{"comment": "`+comment+`"}`)
	post("", `{"contract": "ssh-demo", "reason": "`+reason+`", "unknown": "`+comment+`"}`)
	post("", `{"contract": "`+comment+`", "reason": "`+reason+`"}`)
	f.call(secret, "GET", "/api/v1/me?access_token="+secret, "", "")
	f.call("", "GET", "/auth/callback?code="+secret+"&state="+secret, "", "")

	told := log.String()
	require.Contains(t, told, "/decision", "the log was looked at")
	for _, marked := range []string{"Marker-Reason", comment, secret, token} {
		require.NotContains(t, told, marked)
	}
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
