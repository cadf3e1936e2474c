package server

import (
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TestCase127ForgedStatementsAreShownApart: whoever writes to the ledger's database makes
// no auditor read as signed what nobody has signed, or what was signed about another
// request, and no request vanish by it.
func TestCase127ForgedStatementsAreShownApart(t *testing.T) {
	f := newFixture(t)
	raw, err := sql.Open("sqlite", filepath.Join(f.dir, "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { raw.Close() })
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	other, one := f.request(access.StateEnded), f.request(access.StatePending)
	decision := func(by *evidence.Signer, about access.Request, comment string) {
		e, err := by.SignDecision(access.Decision{RequestID: about.ID, PlanDigest: about.Plan.Digest, Verdict: access.Approve,
			Approver: access.Person{ID: "bob", Name: "Bob Brandt"}, At: time.Now().UTC(), Comment: comment, Passkey: &access.Assertion{}})
		require.NoError(t, err)
		b, err := json.Marshal(e)
		require.NoError(t, err)
		_, err = raw.Exec(`INSERT INTO statements (request_id, key, envelope) VALUES (?, ?, ?)`, one.ID, comment, string(b))
		require.NoError(t, err)
	}
	page := func() (signed, apart string) {
		w := f.browse("carol", "/audit/requests/"+one.ID)
		require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
		apart, signed, there := strings.Cut(w.Body.String(), `<section aria-labelledby="plan">`)
		require.True(t, there)
		return signed, apart
	}
	signed, apart := page()
	require.Contains(t, signed, "Nobody has decided")
	require.NotContains(t, apart, "Not signed by Ramp")
	decision(evidence.NewSigner(stranger), one, "by a stranger")
	decision(f.signer, other, "of another request")
	signed, apart = page()
	require.Contains(t, signed, "Nobody has decided")
	require.NotContains(t, signed, "signed with a passkey")
	require.Contains(t, apart, "Not signed by Ramp")
	require.Contains(t, apart, "2 statements about this request that nobody has signed")
	for _, text := range []string{"by a stranger", "the signature is not valid", "of another request", "it is about another request or plan"} {
		require.Contains(t, apart, text)
		require.NotContains(t, signed, text)
	}
	decision(f.signer, one, "by the server")
	signed, _ = page()
	require.Contains(t, signed, "by the server")
	require.Contains(t, signed, "signed with a passkey")

	// A plan that nobody signed is no evidence, and says so: the request is not gone.
	plan := one.Plan
	plan.Reason = "approved by the board"
	e, _, err := evidence.NewSigner(stranger).SignPlan(plan)
	require.NoError(t, err)
	b, err := json.Marshal(e)
	require.NoError(t, err)
	_, err = raw.Exec(`UPDATE requests SET plan_envelope = ? WHERE id = ?`, string(b), one.ID)
	require.NoError(t, err)
	w := f.browse("carol", "/audit/requests/"+one.ID)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Contains(t, w.Body.String(), "no server has signed the plan")
	require.NotContains(t, w.Body.String(), "by the board")
	w = f.call(f.token("carol"), "GET", "/api/v1/requests/"+one.ID+"/evidence", "", "")
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Contains(t, w.Body.String(), `"kind":"evidence"`)
}
