package server

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// ledgerSQL writes to the ledger's database as somebody with all rights on it, and no
// key.
func (f *fixture) ledgerSQL(query string, args ...any) {
	f.Helper()
	raw, err := sql.Open("sqlite", filepath.Join(f.dir, "ledger.db"))
	require.NoError(f, err)
	defer raw.Close()
	_, err = raw.Exec(query, args...)
	require.NoError(f, err)
}

func (f *fixture) get(who, path string, into any) int {
	f.Helper()
	w := f.call(f.token(who), "GET", path, "", "")
	if w.Code == http.StatusOK && into != nil {
		require.NoError(f, json.Unmarshal(w.Body.Bytes(), into), "%s", w.Body)
	}
	return w.Code
}

func (f *fixture) page(who, path string) string {
	f.Helper()
	w := f.call(f.token(who), "GET", path, "", "")
	require.Equal(f, http.StatusOK, w.Code, "%s: %s", path, w.Body)
	return w.Body.String()
}

// TestCase53ShownIsSigned: whatever somebody writes into the ledger's columns, people
// read what was signed, on pages and in lists, and it is an alarm.
func TestCase53ShownIsSigned(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct {
		sql     string
		altered string
	}{
		"a shorter plan":      {`UPDATE requests SET plan = json_set(plan, '$.duration', '5m') WHERE id = ?`, "duration"},
		"a harmless scope":    {`UPDATE requests SET plan = json_set(plan, '$.grants[0].scope.summary', 'MARKED') WHERE id = ?`, "grants"},
		"another reason":      {`UPDATE requests SET plan = json_set(plan, '$.reason', 'MARKED') WHERE id = ?`, "reason"},
		"another principal":   {`UPDATE requests SET plan = json_set(plan, '$.principal', 'MARKED') WHERE id = ?`, "principal"},
		"other approvers":     {`UPDATE requests SET plan = json_set(plan, '$.rule.stages[0].from[0]', 'MARKED') WHERE id = ?`, "rule"},
		"another requester":   {`UPDATE requests SET requester = json_set(requester, '$.name', 'MARKED') WHERE id = ?`, "requester"},
		"another contract":    {`UPDATE requests SET contract = 'MARKED' WHERE id = ?`, "contract"},
		"a made-up approval":  {`UPDATE requests SET decisions = '[{"verdict":"approve","approver":{"id":"MARKED","kind":"human"},"at":"2026-01-01T00:00:00Z"}]' WHERE id = ?`, "decisions"},
		"a stage that is met": {`UPDATE requests SET stages = json_set(stages, '$[0].met', json('true'), '$[0].approved', json('["MARKED"]')) WHERE id = ?`, "stages"},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.request(access.StatePending)
			f.ledgerSQL(c.sql, r.ID)
			var got access.Request
			require.Equal(t, http.StatusOK, f.get("bob", "/api/v1/requests/"+r.ID, &got))
			require.Len(t, got.Altered, 1)
			require.Contains(t, got.Altered[0], c.altered)
			require.Equal(t, r.Plan.Digest, got.Plan.Digest)
			require.Equal(t, r.Plan.Duration, got.Plan.Duration)
			require.Empty(t, got.Decisions)
			page := f.page("bob", "/requests/"+r.ID)
			require.NotContains(t, page, "MARKED")
			require.Contains(t, page, "The ledger was changed.")
			require.Contains(t, page, `id="approve"`, "the signed plan can be decided")
			for _, path := range []string{"/inbox", "/requests?show=all", "/api/v1/requests?toDecide=true", "/api/v1/requests"} {
				list := f.page("bob", path)
				require.NotContains(t, list, "MARKED", path)
				require.Contains(t, list, r.ID, path)
			}
			n := 0
			for _, e := range got.Timeline {
				if e.Kind == access.EventRecordAltered {
					n++
				}
			}
			require.Equal(t, 1, n, "an alarm, once")
			f.ledgerSQL(`DELETE FROM requests WHERE id = ?`, r.ID)
		})
	}
}

// TestCase53AnotherPlan: a request whose envelope is another's, or nobody's, is shown
// to operators only, who can still revoke it; nobody approves it.
func TestCase53AnotherPlan(t *testing.T) {
	f := newFixture(t)
	other := f.request(access.StateActive)
	for name, envelope := range map[string]string{
		"another request's": `(SELECT plan_envelope FROM requests WHERE id = '` + other.ID + `')`,
		"nobody's":          `'{"payloadType":"application/vnd.ramp.plan+json","payload":"e30=","signatures":[]}'`,
		"of two meanings":   `replace(plan_envelope, '{"payloadType"', '{"payload":"e30=","payloadType"')`,
	} {
		t.Run(name, func(t *testing.T) {
			r := f.request(access.StateActive)
			f.ledgerSQL(`UPDATE requests SET plan = json_set(plan, '$.reason', 'MARKED'), plan_envelope = `+envelope+` WHERE id = ?`, r.ID)
			for _, who := range []string{"alice", "bob", "carol"} {
				require.Equal(t, http.StatusNotFound, f.get(who, "/api/v1/requests/"+r.ID, nil), who)
				require.NotContains(t, f.call(f.token(who), "GET", "/api/v1/requests", "", "").Body.String(), r.ID, who)
			}
			var got access.Request
			require.Equal(t, http.StatusOK, f.get("oscar", "/api/v1/requests/"+r.ID, &got))
			require.Contains(t, got.Altered[0], "is not one that Ramp signed for this request")
			require.Empty(t, got.Plan.Digest)
			require.Empty(t, got.Plan.Reason)
			require.Contains(t, f.page("oscar", "/requests/"+r.ID), "The ledger was changed.")
			w := f.call(f.token("bob"), "POST", "/api/v1/requests/"+r.ID+"/decision", jsonType, `{"decision":"approve","planDigest":"`+r.Plan.Digest+`","comment":""}`)
			require.Equal(t, http.StatusNotFound, w.Code)
			before := f.temporal.messages.Load()
			w = f.call(f.token("oscar"), "POST", "/api/v1/requests/"+r.ID+"/revoke", jsonType, `{"reason":"the ledger was changed"}`)
			require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
			require.Equal(t, before+1, f.temporal.messages.Load(), "a stop is let through")
		})
	}
}

// TestCase53OneUnreadableRow: a row that somebody has made unreadable is shown as it was
// signed, or where nothing signed is left, to operators, who can revoke it; it is an
// alarm, and everybody's lists go on.
func TestCase53OneUnreadableRow(t *testing.T) {
	f := newFixture(t)
	other := f.request(access.StatePending)
	const documents = `requester = '{', plan = '{', stages = '{', decisions = '{', review = '{', input = '{'`
	for name, c := range map[string]struct {
		set  string
		seen []string // by whom
	}{
		"all documents":            {documents, []string{"alice", "bob", "oscar"}},
		"all numbers":              {`created_at = 'x', expires_at = 'x', active_at = 'x', ended_at = 'x', overdue = 'x', extensions = 'x'`, []string{"alice", "bob", "oscar"}},
		"the signed plan too":      {documents + `, plan_envelope = '{'`, []string{"oscar"}},
		"and a state there is not": {documents + `, plan_envelope = '{', state = 'x', outcome = 'x', created_at = 'x'`, []string{"oscar"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.request(access.StateActive)
			f.ledgerSQL(`UPDATE requests SET `+c.set+` WHERE id = ?`, r.ID)
			for _, who := range []string{"alice", "bob", "oscar"} {
				for _, path := range []string{"/inbox", "/requests", "/requests?show=all", "/api/v1/requests?toDecide=true", "/api/v1/requests"} {
					list := f.page(who, path)
					require.True(t, who != "bob" || strings.Contains(list, other.ID) || path == "/requests", "%s %s", who, path)
				}
				var got access.Request
				if !slices.Contains(c.seen, who) {
					require.Equal(t, http.StatusNotFound, f.get(who, "/api/v1/requests/"+r.ID, &got), who)
					continue
				}
				require.Equal(t, http.StatusOK, f.get(who, "/api/v1/requests/"+r.ID, &got), who)
				require.Contains(t, got.Altered[0], "cannot be read")
				require.Contains(t, f.page(who, "/requests/"+r.ID), "The ledger was changed.")
				require.Contains(t, f.page(who, "/api/v1/requests"), r.ID)
			}
			w := f.call(f.token("oscar"), "POST", "/api/v1/requests/"+r.ID+"/revoke", jsonType, `{"reason":"the ledger was changed"}`)
			require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
			events, err := f.ledger.Events(t.Context(), ledger.EventFilter{RequestID: r.ID})
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(events, func(e access.Event) bool { return e.Kind == access.EventRecordAltered }))
		})
	}
}

// TestCase53SignedPlan: a client gets the bytes that were signed, and needs to believe
// no digest.
func TestCase53SignedPlan(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StatePending)
	var got access.Request
	require.Equal(t, http.StatusOK, f.get("bob", "/api/v1/requests/"+r.ID, &got))
	payload, err := base64.StdEncoding.DecodeString(got.SignedPlan)
	require.NoError(t, err)
	require.Equal(t, r.Plan.Digest, evidence.DigestOf(payload))
	require.True(t, strings.Contains(string(payload), r.Plan.Reason))
	require.Empty(t, got.Altered)
}

// TestDenialIsShownBeforeTheWorkflowHasIt: a denial is stored before the workflow hears
// of it. It is shown, and no alarm; nor is it hidden by who takes it out of a column.
func TestDenialIsShownBeforeTheWorkflowHasIt(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StatePending)
	w := f.call(f.token("bob"), "POST", "/api/v1/requests/"+r.ID+"/decision", jsonType, `{"decision":"deny","planDigest":"`+r.Plan.Digest+`","comment":"not now"}`)
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	var got access.Request
	require.Equal(t, http.StatusOK, f.get("alice", "/api/v1/requests/"+r.ID, &got))
	require.Empty(t, got.Altered)
	require.Len(t, got.Decisions, 1)
	require.Equal(t, access.Deny, got.Decisions[0].Verdict)
}
