package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// extendable is a contract whose extensions people decide, others than those who decide
// the request.
const extendable = `apiVersion: ramp/v1
kind: Contract
metadata: {name: job}
request: {who: '"engineering" in person.groups'}
duration: {default: 30s, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {stages: [{name: leads, from: [approvers]}]}
extend: {times: 2, upTo: 2h, approvers: {from: [security]}}
`

// asked is an extension that waits.
type asked struct {
	ExpiresAt string
	State     string
	Asked     *struct {
		Until string
		Order struct{ Digest string }
	}
}

// TestExtensionThatPeopleDecide: an extension that waits leaves access as it is; once it is
// approved, access goes on without a gap to just the end that was asked for; a denial
// leaves the end that there was, and access ends then.
func TestExtensionThatPeopleDecide(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	require.NoError(t, os.WriteFile(filepath.Join(in.dir, "contracts", "job.yaml"), []byte(extendable), 0o600))
	alice, bob, carol := in.as("alice"), in.as("bob"), in.as("carol")
	in.eventually(time.Minute, "the contract is in force", func() bool {
		return alice.call("GET", "/api/v1/catalog/job", nil, nil) == http.StatusOK
	})
	r := alice.asks("job", "1m")
	bob.approves(r)
	r = alice.awaits(r.ID, "active", time.Minute)
	k := alice.picksUp(r.ID)
	require.True(t, k.works())
	session := k.session()
	now := func() (a asked) {
		require.Equal(t, http.StatusOK, alice.call("GET", "/api/v1/requests/"+r.ID, nil, &a))
		return a
	}
	first := now().ExpiresAt

	require.Equal(t, http.StatusOK, alice.call("POST", "/api/v1/requests/"+r.ID+"/extend", map[string]any{"for": "20s", "reason": "it is not through yet"}, nil))
	waits := now()
	require.NotNil(t, waits.Asked)
	require.Equal(t, first, waits.ExpiresAt, "what waits changes nothing")
	decide := func(p *person, verdict, digest string) int {
		return p.call("POST", "/api/v1/requests/"+r.ID+"/decision", map[string]any{"decision": verdict, "planDigest": digest}, nil)
	}
	require.NotEqual(t, http.StatusOK, decide(bob, "approve", waits.Asked.Order.Digest), "who approved the request decides no extension")
	require.NotEqual(t, http.StatusOK, decide(alice, "approve", waits.Asked.Order.Digest))
	require.Equal(t, http.StatusOK, decide(carol, "approve", waits.Asked.Order.Digest))
	in.eventually(time.Minute, "access lasts longer", func() bool { return now().ExpiresAt == waits.Asked.Until })
	require.True(t, k.works(), "the credential goes on")
	select {
	case <-session:
		t.Fatal("the session was cut by an extension")
	default:
	}

	require.Equal(t, http.StatusOK, alice.call("POST", "/api/v1/requests/"+r.ID+"/extend", map[string]any{"for": "30m", "reason": "and still not"}, nil))
	again := now()
	require.NotNil(t, again.Asked)
	require.Equal(t, http.StatusOK, decide(carol, "deny", again.Asked.Order.Digest))
	require.Equal(t, waits.Asked.Until, now().ExpiresAt, "a denial leaves the end as it was")
	alice.awaits(r.ID, "ended", 2*time.Minute)
	require.False(t, k.works())

	pack := filepath.Join(t.TempDir(), "evidence.json")
	out, err := alice.ramp("evidence", "get", r.ID, "--into", pack)
	require.NoError(t, err, out)
	out, err = alice.ramp("evidence", "verify", pack, "--key", filepath.Join(in.dir, "keys", "server.pub"), "--worker-key", filepath.Join(in.dir, "keys", "worker.pub"))
	require.NoError(t, err, out)
	require.Contains(t, out, "PROVEN")
}
