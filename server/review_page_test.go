package server

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// keeps keeps a review of the last hour as a server does at a week's end, as if the week had
// ended so long ago.
func (f *fixture) keeps(ago time.Duration) (review.Report, time.Time) {
	f.Helper()
	r := f.review("carol", "?since="+url.QueryEscape(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)))
	r.Weeks[0].States["failed"] = 77                               // under contracts of others, for owners
	r.Period.To = time.Now().Add(-ago).UTC().Truncate(time.Second) // weeks end at whole seconds
	b, err := json.Marshal(r)
	require.NoError(f, err)
	sum := sha256.Sum256(b)
	told := access.ReviewMade{Since: r.Period.From, Until: r.Period.To, Findings: len(r.Findings), Digest: "sha256:" + hex.EncodeToString(sum[:])}.Event()
	kept, err := f.ledger.KeepReview(context.Background(), ledger.KeptReview{From: r.Period.From, Until: r.Period.To, Report: b}, told)
	require.NoError(f, err)
	require.True(f, kept)
	return r, r.Period.To
}

// seen returns a page as somebody sees it in a browser.
func (f *fixture) seen(who, path string) (int, string) {
	f.Helper()
	w := f.callWith(f.token(who), "GET", path, "", "", "Accept", "text/html")
	return w.Code, w.Body.String()
}

// marks sends the form beside a finding, and returns the status and the page.
func (f *fixture) marks(who, finding, kind, reason string) (int, string) {
	f.Helper()
	w := f.callWith(f.token(who), "POST", "/review/findings/"+finding+"/mark", "application/x-www-form-urlencoded",
		url.Values{"mark": {kind}, "reason": {reason}}.Encode(), "Accept", "text/html")
	return w.Code, w.Body.String()
}

// TestReviewPage: who reads reviews has the page and finds it in the navigation, others have
// neither; marks are made there by the rules of the API.
func TestReviewPage(t *testing.T) {
	f := newFixture(t)
	code, html := f.seen("carol", "/review")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, html, "There is no review yet")
	code, html = f.seen("alice", "/review")
	require.Equal(t, http.StatusForbidden, code)
	require.NotContains(t, html, ">Weekly review</a>")

	f.denied("bob") // who owns the contract
	f.denied("alice")
	_, before := f.keeps(time.Minute)
	r, _ := f.keeps(time.Second)
	id := map[string]string{}
	for _, one := range r.Findings {
		id[one.Subject] = one.ID
	}
	require.Len(t, id, 2)
	for _, who := range []string{"bob", "carol"} {
		code, html = f.seen(who, "/review")
		require.Equal(t, http.StatusOK, code)
		require.Contains(t, html, `<a href="/review" aria-current="page">Weekly review</a>`)
		require.Contains(t, html, `id="finding-`+id["alice"]+`"`)
		require.Contains(t, html, `id="chart-outcomes"`)
		require.Equal(t, who == "carol", strings.Contains(html, ": 77 could not be opened"), "charts have what their reader may see")
		require.Contains(t, html, ": 6 denied")
		require.Equal(t, who == "carol", containsForm(html, id["bob"]), "nobody is offered to mark what is about them")
	}
	code, html = f.seen("carol", "/review?until="+url.QueryEscape(access.FormatTime(before)))
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, html, "This is not the newest review")
	require.False(t, containsForm(html, id["alice"]))
	for path, want := range map[string]int{"/review?until=yesterday": http.StatusBadRequest, "/review?until=1999-01-01T00:00:00Z": http.StatusNotFound} {
		code, _ = f.seen("carol", path)
		require.Equal(t, want, code, path)
	}

	code, html = f.marks("bob", id["alice"], "dismissed", "<short>")
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, html, "<b>Not marked.</b>")
	require.Contains(t, html, "&lt;short&gt;</textarea>")
	code, html = f.marks("bob", id["bob"], "dismissed", "nothing to see here, go on")
	require.Equal(t, http.StatusForbidden, code)
	require.Contains(t, html, "about you")
	code, _ = f.marks("carol", "0000000000000000", "fixed", "")
	require.Equal(t, http.StatusNotFound, code)
	code, _ = f.marks("bob", id["alice"], "dismissed", "she is new here and learns")
	require.Equal(t, http.StatusSeeOther, code)
	_, html = f.seen("carol", "/review")
	require.Contains(t, html, "she is new here and learns")
	require.Contains(t, html, "2 findings, 1 of them not marked")
}

func containsForm(html, finding string) bool {
	return strings.Contains(html, `action="/review/findings/`+finding+`/mark"`)
}

// TestReviewPageLeavesOutAltered: an older review that somebody changed in the database takes
// no newer one from its readers, and its week is in no chart: the page says so.
func TestReviewPageLeavesOutAltered(t *testing.T) {
	f := newFixture(t)
	f.denied("alice")
	_, before := f.keeps(time.Minute)
	f.keeps(time.Second)
	raw, err := sql.Open("sqlite", filepath.Join(f.dir, "ledger.db"))
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`UPDATE reviews SET report = replace(report, '"denied":3', '"denied":9') WHERE until = ?`, before.UnixMicro())
	require.NoError(t, err)
	code, html := f.seen("carol", "/review")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, html, "The charts leave out a week: the review that ends at <time")
	require.NotContains(t, html, ": 9 denied")
	code, _ = f.seen("carol", "/review?until="+url.QueryEscape(access.FormatTime(before)))
	require.NotEqual(t, http.StatusOK, code)
}
