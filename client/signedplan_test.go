package client_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/evidence"
)

// TestCase53ClientTakesItsOwnDigest: whatever stands between a client and the server
// changes the plan that is read, or its digest, nothing is decided on it.
func TestCase53ClientTakesItsOwnDigest(t *testing.T) {
	at := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	alice := access.Person{ID: "alice", Kind: access.KindHuman}
	plan := access.Plan{RequestID: "0123456789abcdef", Contract: "c", Requester: alice, Reason: "look", Duration: access.Duration(time.Hour), CreatedAt: at,
		Grants: []access.PlannedGrant{{Name: "ramp-0123456789abcdef-a", Target: "ssh/demo", Scope: access.Scope{Summary: "log in as root"}}}}
	payload, err := json.Marshal(plan)
	require.NoError(t, err)
	var answer access.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(answer) }))
	t.Cleanup(s.Close)
	read := func(change func(*access.Request)) (access.Request, error) {
		answer = access.Request{ID: plan.RequestID, Contract: "c", Requester: alice, Plan: plan, SignedPlan: base64.StdEncoding.EncodeToString(payload), CreatedAt: at}
		answer.Plan.Grants = append([]access.PlannedGrant{}, plan.Grants...)
		answer.Plan.Digest = evidence.DigestOf(payload)
		change(&answer)
		return client.New(s.URL, "").Request(t.Context(), plan.RequestID)
	}
	r, err := read(func(*access.Request) {})
	require.NoError(t, err)
	require.Equal(t, evidence.DigestOf(payload), r.Plan.Digest)
	for what, change := range map[string]func(*access.Request){
		"a harmless scope":    func(r *access.Request) { r.Plan.Grants[0].Scope.Summary = "read one table" },
		"a shorter duration":  func(r *access.Request) { r.Plan.Duration = access.Duration(time.Minute) },
		"another digest":      func(r *access.Request) { r.Plan.Digest = evidence.DigestOf([]byte("{}")) },
		"another requester":   func(r *access.Request) { r.Requester.ID = "bob" },
		"another contract":    func(r *access.Request) { r.Contract = "d" },
		"another request":     func(r *access.Request) { r.ID = "fedcba9876543210" },
		"bytes of no meaning": func(r *access.Request) { r.SignedPlan = "e30" },
		"bytes of two": func(r *access.Request) {
			r.SignedPlan = base64.StdEncoding.EncodeToString(append([]byte(`{"reason":"x",`), payload[1:]...))
		},
		"other bytes": func(r *access.Request) {
			r.SignedPlan = base64.StdEncoding.EncodeToString(append([]byte(" "), payload...))
		},
	} {
		_, err := read(change)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), what)
	}
}
