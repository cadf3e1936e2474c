package server

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

const twoGrants = `apiVersion: ramp/v1
kind: Contract
metadata: {name: two}
request: {who: '"engineering" in person.groups'}
duration: {default: 10m, max: 1h}
grants:
  - {target: ssh/demo, entitlement: {user: demo}}
  - {target: vault/demo, entitlement: {policies: [read]}}
approval: {auto: 'true'}
`

// TestGrantStatesAreShown: the page and the API say how far each grant is, while the request
// lives and after.
func TestGrantStatesAreShown(t *testing.T) {
	f := newFixtureWith(t, func(f *fixture, _ *Deps) {
		require.NoError(t, os.WriteFile(filepath.Join(f.dir, "contracts", "two.yaml"), []byte(twoGrants), 0o600))
	})
	w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, `{"contract": "two", "reason": "look into the incident"}`)
	require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
	var r access.Request
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &r))
	shows := func(first, second access.GrantCondition, says ...string) {
		t.Helper()
		var now access.Request
		require.Equal(t, http.StatusOK, f.get("alice", "/api/v1/requests/"+r.ID, &now))
		require.Equal(t, []access.GrantCondition{first, second}, []access.GrantCondition{now.Grants[0].Condition, now.Grants[1].Condition})
		html := f.page("alice", "/requests/"+r.ID)
		for i, c := range []access.GrantCondition{first, second} {
			require.Contains(t, html, `<span class="state-of `+string(c)+`" data-grant="`+r.Plan.Grants[i].Name+`">`+c.String()+`</span>`)
		}
		for _, text := range says {
			require.Contains(t, html, text)
		}
	}
	ctx, now := t.Context(), time.Now().UTC().Truncate(time.Second)
	grant := func(i int) access.Grant {
		g := r.Plan.Grants[i]
		return access.Grant{Name: g.Name, RequestID: r.ID, Target: g.Target, Principal: "alice", Entitlement: g.Entitlement, ExpiresAt: now.Add(10 * time.Minute)}
	}
	shows(access.GrantWaiting, access.GrantWaiting)
	require.NoError(t, f.ledger.Advance(ctx, access.Transition{RequestID: r.ID, To: access.StateApproved, Events: []access.Event{{RequestID: r.ID, Kind: access.EventRequestApproved, At: now}}}))
	require.NoError(t, f.ledger.IntendGrant(ctx, grant(0), now))
	shows(access.GrantOpening, access.GrantWaiting)
	require.NoError(t, f.ledger.MarkOpened(ctx, grant(0).Name, now))
	require.NoError(t, f.ledger.IntendGrant(ctx, grant(1), now))
	shows(access.GrantOpen, access.GrantOpening)
	require.NotContains(t, f.page("alice", "/requests/"+r.ID), "Nothing was opened")
	problem := "opening failed: vault/demo does not respond"
	require.NoError(t, f.ledger.Advance(ctx, access.Transition{RequestID: r.ID, To: access.StateEnding, Outcome: access.OutcomeFailed, Problem: &problem,
		Events: []access.Event{{RequestID: r.ID, Kind: access.EventAccessEnding, Key: access.KeyEnding, At: now, Message: problem}}}))
	shows(access.GrantClosing, access.GrantClosing, problem)
	require.NoError(t, f.ledger.MarkClosed(ctx, grant(1).Name, now))
	require.NoError(t, f.ledger.MarkClosed(ctx, grant(0).Name, now, access.Ended(r.ID, access.OutcomeFailed, now)))
	shows(access.GrantClosed, access.GrantFailed, problem)
}

// TestNothingWasOpened: of a request that is ending, and of which nothing was ever opened,
// the page says so, also when it is overdue; and of each grant what is waited for.
func TestNothingWasOpened(t *testing.T) {
	f := newFixtureWith(t, func(f *fixture, _ *Deps) {
		require.NoError(t, os.WriteFile(filepath.Join(f.dir, "contracts", "two.yaml"), []byte(twoGrants), 0o600))
	})
	w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, `{"contract": "two", "reason": "look into the incident"}`)
	require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
	var r access.Request
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &r))
	ctx, now := t.Context(), time.Now().UTC().Truncate(time.Second)
	require.NoError(t, f.ledger.Advance(ctx, access.Transition{RequestID: r.ID, To: access.StateApproved, Events: []access.Event{{RequestID: r.ID, Kind: access.EventRequestApproved, At: now}}}))
	problem := "opening failed: target ssh/demo is off: its worker cannot start it (it cannot be reached)"
	require.NoError(t, f.ledger.Advance(ctx, access.Transition{RequestID: r.ID, To: access.StateEnding, Outcome: access.OutcomeFailed, Problem: &problem,
		Events: []access.Event{{RequestID: r.ID, Kind: access.EventAccessEnding, Key: access.KeyEnding, At: now, Message: problem}}}))
	html := f.page("alice", "/requests/"+r.ID)
	require.Contains(t, html, "Nothing was opened. The request ends once")
	require.Contains(t, html, "nothing was opened there; the target&#39;s worker has yet to confirm it")
	slow := "2 of 2 grants are not proven closed after 1m; Ramp keeps trying"
	require.NoError(t, f.ledger.Advance(ctx, access.Transition{RequestID: r.ID, Overdue: new(true), Problem: &slow}))
	html = f.page("alice", "/requests/"+r.ID)
	require.Contains(t, html, "Nothing was opened, by the log, and the target has yet to confirm it.")
	require.NotContains(t, html, "should be revoked by now")
	require.NoError(t, f.ledger.RuleOut(ctx, r.ID, r.Plan.Grants[0].Name, r.Plan.Grants[0].Target, now))
	html = f.page("alice", "/requests/"+r.ID)
	require.Contains(t, html, "never opened on ssh/demo, and cannot be any more")
	require.NoError(t, f.ledger.Advance(ctx, access.Ended(r.ID, access.OutcomeFailed, now)))
	after := f.page("alice", "/requests/"+r.ID)
	require.Contains(t, after, "Nothing was opened; over at")
	require.NotContains(t, after, "Verified on the target")
	require.Contains(t, html, `<span class="dim" dir="auto">`+problem+`</span>`, "the first that was not opened is the one that failed")
}
