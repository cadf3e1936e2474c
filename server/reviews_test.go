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
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// denied has somebody ask under ssh-demo three times, in vain.
func (f *fixture) denied(who string) {
	f.Helper()
	for _, which := range []string{"first", "second", "third"} {
		w := f.call(f.token(who), "POST", "/api/v1/requests", jsonType, `{"contract": "ssh-demo", "duration": "30m", "reason": "asks for the `+which+` time"}`)
		require.Equal(f, http.StatusCreated, w.Code, "%s", w.Body)
		var r access.Request
		require.NoError(f, json.Unmarshal(w.Body.Bytes(), &r))
		require.NoError(f, f.ledger.AppendEvent(context.Background(), access.Event{RequestID: r.ID, At: time.Now().UTC(), Kind: access.EventRequestDenied, Actor: access.ActorRamp, Key: access.KeyFinal(access.StateDenied)}))
	}
}

// review returns a review as somebody sees it.
func (f *fixture) review(who, query string) review.Report {
	f.Helper()
	w := f.call(f.token(who), "GET", "/api/v1/review"+query, "", "")
	require.Equal(f, http.StatusOK, w.Code, "%s", w.Body)
	var r review.Report
	require.NoError(f, json.Unmarshal(w.Body.Bytes(), &r))
	return r
}

// mark says something of a finding, and returns the status and the body.
func (f *fixture) mark(who, finding, kind, reason string) (int, string) {
	b, err := json.Marshal(map[string]string{"mark": kind, "reason": reason})
	require.NoError(f, err)
	w := f.call(f.token(who), "POST", "/api/v1/findings/"+finding+"/mark", jsonType, string(b))
	return w.Code, w.Body.String()
}

// keep keeps a report as the weekly review.
func (f *fixture) keep(made review.Report) {
	f.Helper()
	b, err := json.Marshal(made)
	require.NoError(f, err)
	sum := sha256.Sum256(b)
	until := time.Now().Add(-time.Second).UTC()
	told := access.ReviewMade{Since: made.Period.From, Until: until, Findings: len(made.Findings), Digest: "sha256:" + hex.EncodeToString(sum[:])}.Event()
	kept, err := f.ledger.KeepReview(context.Background(), ledger.KeptReview{From: made.Period.From, Until: until, Report: b}, told)
	require.NoError(f, err)
	require.True(f, kept)
}

// TestCase130FindingAboutOneself: whoever a finding is about makes it not vanish: not by
// marking it, under no account, and not by writing to the database. Owners see what is about
// their contracts, security everything, and nobody else anything.
func TestCase130FindingAboutOneself(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Review.Security = []string{"nobody-yet"} })
	f.denied("bob") // who owns the contract
	f.denied("alice")
	since := "?since=" + url.QueryEscape(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	made := f.review("carol", since)
	require.Len(t, made.Findings, 2, "%+v", made.Findings)
	require.Len(t, f.review("bob", since).Findings, 2, "both are about his contract")
	for _, who := range []string{"alice", "dave", "oscar", "bob-agent", "deployer"} {
		require.Equal(t, http.StatusForbidden, f.call(f.token(who), "GET", "/api/v1/review"+since, "", "").Code, who)
	}

	f.keep(made)
	id := map[string]string{}
	for _, one := range f.review("carol", "").Findings {
		id[one.Subject] = one.ID
	}
	require.Len(t, id, 2)

	code, body := f.mark("bob", id["bob"], "dismissed", "nothing to see here, go on")
	require.Equal(t, http.StatusForbidden, code, body)
	require.Contains(t, body, "own_finding")
	refused, _, err := f.ledger.SearchEvents(context.Background(), ledger.EventSearch{Actor: "bob", Kind: access.EventActRefused})
	require.NoError(t, err)
	require.Equal(t, string(access.ActMarkFinding), refused[0].Detail["act"])
	code, body = f.mark("bob", id["alice"], "dismissed", "short")
	require.Equal(t, http.StatusBadRequest, code, body)
	code, body = f.mark("bob", id["alice"], "dismissed", "she is new here and learns")
	require.Equal(t, http.StatusOK, code, body)
	code, body = f.mark("carol", id["bob"], "hidden", "she is new here and learns")
	require.Equal(t, http.StatusBadRequest, code, body)
	for range 2 { // sent again, it is the same
		code, body = f.mark("carol", id["bob"], "accepted", "he tries the new contract")
		require.Equal(t, http.StatusOK, code, body)
	}
	now, _ := f.review("bob", "").Find(id["bob"])
	require.Equal(t, "carol", now.Mark.By)
	marks, err := f.ledger.Marks(context.Background(), time.Time{})
	require.NoError(t, err)
	require.Len(t, marks, 2)

	raw, err := sql.Open("sqlite", filepath.Join(f.dir, "ledger.db"))
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`UPDATE reviews SET report = replace(report, 'bob', 'eve')`)
	require.NoError(t, err)
	w := f.call(f.token("carol"), "GET", "/api/v1/review", "", "")
	require.NotEqual(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "review_altered")
}

// TestReviewOfOthers: an owner of one contract reads nothing of another's.
func TestReviewOfOthers(t *testing.T) {
	f := newFixture(t)
	f.denied("alice")
	since := "?since=" + url.QueryEscape(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	require.NoError(t, f.ledger.AppendEvent(context.Background(), access.Event{At: time.Now().UTC(), Kind: access.EventActRefused, Actor: "dave",
		Detail: map[string]string{"act": string(access.ActReadAudit), "code": "not_auditor", access.DetailCount: "12"}}))
	require.Len(t, f.review("carol", since).Findings, 2)
	require.Len(t, f.review("bob", since).Findings, 1, "what is about no contract of his is not his to read")
	for _, bad := range []string{"?since=2999-01-01T00:00:00Z", "?since=1999-01-01T00:00:00Z", "?since=yesterday", since + "&until=2026-01-01T00:00:00Z"} {
		require.Equal(t, http.StatusBadRequest, f.call(f.token("carol"), "GET", "/api/v1/review"+bad, "", "").Code, bad)
	}
}
