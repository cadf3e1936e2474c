package server

import (
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
)

const wrote = `{"contract":"ssh-demo","reason":"look into the incident","duration":"10m"}`

// TestCase149TargetOff: people who may ask see that a target is off, and why, and are refused with
// that reason; what somebody else says of it counts for nothing, nor what is old; and once
// the worker says that it is on, asking goes on.
func TestCase149TargetOff(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	worker := evidence.NewSigner(key)
	_, key, err = ed25519.GenerateKey(nil)
	require.NoError(t, err)
	stranger := evidence.NewSigner(key)
	f := newFixtureWith(t, func(f *fixture, d *Deps) { d.Workers = evidence.NewKeyring(worker.Public()) })
	states := f.ledger
	n := 0
	says := func(by *evidence.Signer, condition access.TargetCondition, reason string, ago time.Duration) {
		t.Helper()
		at := time.Now().UTC().Truncate(time.Second)
		var fault access.TargetFault
		if condition == access.TargetOff {
			fault = access.FaultConfiguration
		}
		e, err := by.SignTargetState(access.TargetState{Target: "ssh/demo", Condition: condition, Reason: reason, Fault: fault, At: at.Add(-ago), Since: at.Add(-time.Hour)})
		require.NoError(t, err)
		b, err := json.Marshal(e)
		require.NoError(t, err)
		require.NoError(t, states.KeepTargetState(t.Context(), "ssh/demo", "w", b, at.Add(time.Duration(n)*time.Microsecond)))
		n++
	}
	offer := func() (o contracts.Offer) {
		w := f.call(f.token("alice"), "GET", "/api/v1/catalog/ssh-demo", "", "")
		require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &o))
		return o
	}
	shows := func(condition access.TargetCondition) {
		t.Helper()
		require.Eventually(t, func() bool {
			all := offer().Unusable
			return len(all) == 0 && condition == access.TargetOn || len(all) == 1 && all[0].Condition == condition
		}, time.Minute, 20*time.Millisecond, condition)
	}
	require.Empty(t, offer().Unusable)
	says(worker, access.TargetOff, "certificate authority's key: no such file", 0)
	shows(access.TargetOff)
	text := offer().Unusable[0].String()
	require.Contains(t, text, "ssh/demo has been off since ")
	const plain = "its worker cannot start it (something is wrong with how it is set up for Ramp)"
	require.Contains(t, text, plain)
	require.NotContains(t, text, "no such file", "it is of the worker's machine")
	for _, path := range []string{"/", "/ask/ssh-demo"} {
		html := f.page("alice", path)
		require.Contains(t, html, "its worker cannot start it (something is wrong with how it is set up for Ramp)", path)
		if path != "/" { // where she approves under another contract of this target, and may know
			require.NotContains(t, html, "no such file", path)
		}
	}
	w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, wrote)
	require.Equal(t, http.StatusServiceUnavailable, w.Code, "%s", w.Body)
	require.Contains(t, w.Body.String(), "target_off")
	require.Contains(t, w.Body.String(), "something is wrong with how it is set up for Ramp")
	require.NotContains(t, w.Body.String(), "no such file")
	require.Contains(t, f.page("oscar", "/contracts"), "no such file")

	says(worker, access.TargetFailing, "connection refused", 0)
	shows(access.TargetFailing)
	says(stranger, access.TargetOff, "call this number", 0)
	shows(access.TargetOn)
	says(worker, access.TargetOff, "an old one, put back", time.Hour)
	shows(access.TargetSilent)
	says(worker, access.TargetOn, "", 0)
	shows(access.TargetOn)
	w = f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, wrote)
	require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
}
