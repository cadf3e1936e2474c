package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/passkey/passkeytest"
	"ramp.dev/ramp/server/problem"
)

// enrolled is a fixture with a file of passkeys.
func enrolled(t *testing.T, set passkey.Set, change ...func(*Config)) (f *fixture, path string) {
	path = filepath.Join(t.TempDir(), "passkeys.yaml")
	b, err := yaml.Marshal(set)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return newFixtureWith(t, func(_ *fixture, d *Deps) { d.Passkeys = passkey.NewFile(path) }, change...), path
}

func (f *fixture) asksForPasskey(reason string) access.Request {
	f.Helper()
	w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, `{"contract": "ssh-demo-passkey", "reason": "`+reason+`"}`)
	require.Equal(f, http.StatusCreated, w.Code, "%s", w.Body)
	var r access.Request
	require.NoError(f, json.Unmarshal(w.Body.Bytes(), &r))
	require.True(f, r.Plan.Rule.Passkey)
	return r
}

// TestApprovalByPasskey: the server says early what the worker would say, and
// what it refuses never gets to Temporal and is recorded.
func TestApprovalByPasskey(t *testing.T) {
	bobs, other := passkeytest.New(t), passkeytest.New(t)
	f, path := enrolled(t, bobs.Enrolled("bob", passkey.Set{}))
	r, another := f.asksForPasskey("one thing to look at"), f.asksForPasskey("another thing to look at")
	decide := func(r access.Request, v access.Verdict, signed *access.Assertion) (int, string) {
		t.Helper()
		b, err := json.Marshal(map[string]any{"decision": v, "planDigest": r.Plan.Digest, "passkey": signed})
		require.NoError(t, err)
		w := f.call(f.token("bob"), "POST", "/api/v1/requests/"+r.ID+"/decision", jsonType, string(b))
		var p problem.Problem
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		return w.Code, p.Code
	}
	signs := func(d *passkeytest.Device) *access.Assertion { return d.Signs(r.ID, r.Plan.Digest, access.Approve) }
	before := f.temporal.messages.Load()
	for name, c := range map[string]struct {
		signed *access.Assertion
		status int
		code   string
	}{
		"none":                 {nil, 403, "passkey_needed"},
		"nobody's":             {signs(other), 403, "passkey_unknown"},
		"for another request":  {bobs.Signs(another.ID, another.Plan.Digest, access.Approve), 403, "passkey_invalid"},
		"for another verdict":  {bobs.Signs(r.ID, r.Plan.Digest, access.Deny), 403, "passkey_invalid"},
		"with a part left out": {&access.Assertion{CredentialID: signs(bobs).CredentialID}, 403, "passkey_invalid"},
	} {
		status, code := decide(r, access.Approve, c.signed)
		require.Equal(t, c.status, status, name)
		require.Equal(t, c.code, code, name)
	}
	require.Equal(t, before, f.temporal.messages.Load())
	events, err := f.ledger.Events(context.Background(), ledger.EventFilter{RequestID: r.ID, Limit: 100})
	require.NoError(t, err)
	refused := 0
	for _, e := range events {
		if e.Kind == access.EventDecisionRefused {
			refused++
		}
	}
	require.Equal(t, 3, refused, "one for each reason; equal refusals are counted in one event")

	require.NoError(t, os.Rename(path, path+".away"))
	status, _ := decide(r, access.Approve, signs(bobs))
	require.Equal(t, http.StatusServiceUnavailable, status, "a file that is not there is not an empty one")
	require.NoError(t, os.Rename(path+".away", path))

	status, _ = decide(r, access.Approve, signs(bobs))
	require.Equal(t, http.StatusOK, status)
	status, _ = decide(another, access.Deny, nil)
	require.Equal(t, http.StatusOK, status, "a denial needs none")
	require.Equal(t, before+2, f.temporal.messages.Load())
}

// TestEnrolment: the page shows an entry for people to review, and the server
// writes it nowhere.
func TestEnrolment(t *testing.T) {
	device := passkeytest.New(t)
	set := passkeytest.New(t).Enrolled("carol", passkey.Set{})
	f, path := enrolled(t, set)
	was, err := os.ReadFile(path)
	require.NoError(t, err)
	enrol := func(who, response string) (int, string) {
		t.Helper()
		w := f.call(f.token(who), "POST", "/you/passkeys", "application/x-www-form-urlencoded",
			url.Values{"name": {"laptop"}, "response": {response}}.Encode())
		return w.Code, w.Body.String()
	}
	status, page := enrol("bob", device.Creates("bob"))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "once this entry is in the file")
	require.Contains(t, page, device.Enrolled("bob", passkey.Set{}).People["bob"][0].PublicKey)
	for name, c := range map[string]struct {
		who, response string
		want          int
	}{
		"made for somebody else": {"alice", device.Creates("bob"), 400},
		"an agent":               {"bob-agent", device.Creates("bob"), 403},
		"nothing":                {"bob", "", 400},
		"no JSON":                {"bob", "{", 400},
	} {
		status, page := enrol(c.who, c.response)
		require.Equal(t, c.want, status, name)
		require.NotContains(t, page, `id="entry"`, name)
	}
	now, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(was), string(now))

	f, path = enrolled(t, set, func(c *Config) { c.URL, c.EnrolInPage = "http://localhost:8080", true }) // as in development
	status, page = enrol("bob", device.Creates("bob"))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "because this is a development server")
	set, err = passkey.Load(path)
	require.NoError(t, err)
	require.Len(t, set.KeysOf("bob"), 1)
	status, _ = enrol("bob", device.Creates("bob"))
	require.Equal(t, http.StatusBadRequest, status, "the same key twice")
}
