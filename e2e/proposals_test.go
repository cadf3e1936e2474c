package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// proposable are contracts that change by proposals.
const proposable = `apiVersion: ramp/v1
kind: Contract
metadata: {name: host, owner: approvers}
request: {who: '"engineering" in person.groups'}
duration: {default: 15m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {stages: [{name: leads, from: [approvers]}]}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: change-contracts, owner: security}
request:
  who: '"engineering" in person.groups'
  params:
    set: {type: string, pattern: 'sha256:[0-9a-f]{64}', required: true}
    replaces: {type: string, pattern: 'sha256:[0-9a-f]{64}', required: true}
duration: {default: 5s, max: 5m}
grants:
  - target: contracts
    entitlement: {set: '{{params.set}}', replaces: '{{params.replaces}}'}
approval: {stages: [{name: security, from: [security]}]}
`

// proposes proposes contracts with the command line, and returns the request.
func (p *person) proposes(text string) (r request) {
	p.in.Helper()
	dir := p.in.T.TempDir()
	require.NoError(p.in, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(text), 0o600))
	out, err := p.ramp("contracts", "propose", dir, "--reason", "as the team has agreed", "-o", "json")
	require.NoError(p.in, err, out)
	require.NoError(p.in, json.Unmarshal([]byte(out), &r), out)
	return r
}

// inForce is which contracts the server goes by.
type inForce struct {
	Error    string
	Revision struct {
		Set, Request string
		Number       int
	}
}

// TestContractsByProposal: contracts come into force by a request, as they were approved,
// and stay in force when the server and its directory are others.
func TestContractsByProposal(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	in.reconfigure(func(c configuration) {
		c.section("server")["proposals"] = doc{"contract": "change-contracts"}
		c.section("worker", "targets")["contracts"] = doc{"kind": "contracts"}
	})
	require.NoError(t, os.RemoveAll(filepath.Join(in.dir, "contracts")))
	require.NoError(t, os.Mkdir(filepath.Join(in.dir, "contracts"), 0o700))
	directory := filepath.Join(in.dir, "contracts", "c.yaml")
	require.NoError(t, os.WriteFile(directory, []byte(proposable), 0o600))
	in.start(nil, "worker", "--config", in.config())
	server := in.start(nil, "server", "--config", in.config()).ready()
	alice, bob, carol, oscar := in.as("alice"), in.as("bob"), in.as("carol"), in.as("oscar")
	status := func() (s inForce) {
		require.Equal(t, http.StatusOK, oscar.call("GET", "/api/v1/contracts", nil, &s))
		return s
	}
	require.Equal(t, 1, status().Revision.Number)

	longer := strings.Replace(proposable, "max: 1h", "max: 3h", 1)
	in.eventually(time.Minute, "the worker serves the target", func() bool {
		out, err := alice.ramp("contracts", "propose", filepath.Dir(directory), "--dry-run", "--reason", "is it there?")
		return err != nil && strings.Contains(out, "these contracts are in force") // nothing needs the worker yet
	})
	r := alice.proposes(longer)
	late := alice.proposes(strings.Replace(proposable, "max: 1h", "max: 2h", 1))
	require.Equal(t, http.StatusForbidden, alice.call("POST", "/api/v1/requests/"+r.ID+"/decision", map[string]any{"decision": "approve", "planDigest": r.Plan.Digest}, nil))
	out, err := carol.ramp("show", r.ID)
	require.NoError(t, err, out)
	require.Contains(t, out, "host: BECOMES POSSIBLE, up to 3h")
	proposed := filepath.Join(t.TempDir(), "proposed")
	out, err = carol.ramp("contracts", "fetch", r.ID, proposed)
	require.NoError(t, err, out)
	fetched, err := os.ReadFile(filepath.Join(proposed, "c.yaml"))
	require.NoError(t, err)
	require.Equal(t, longer, string(fetched))
	carol.approves(r)
	require.Equal(t, 1, status().Revision.Number, "the owners of the contract have not approved it")
	bob.approves(r)
	in.eventually(time.Minute, "the contracts are in force", func() bool { return status().Revision.Number == 2 })
	require.Equal(t, r.ID, status().Revision.Request)
	alice.asks("host", "3h")

	// Of two proposals made from the same contracts, the other is for nothing now.
	require.Equal(t, http.StatusConflict, carol.call("POST", "/api/v1/requests/"+late.ID+"/decision", map[string]any{"decision": "approve", "planDigest": late.Plan.Digest}, nil))

	// The evidence of the change is that of any access: it ends, and what it did stays.
	alice.awaits(r.ID, "ended", time.Minute)
	pack := filepath.Join(t.TempDir(), "evidence.json")
	out, err = alice.ramp("evidence", "get", r.ID, "--into", pack)
	require.NoError(t, err, out)
	out, err = alice.ramp("evidence", "verify", pack, "--key", filepath.Join(in.dir, "keys", "server.pub"), "--worker-key", filepath.Join(in.dir, "keys", "worker.pub"))
	require.NoError(t, err, out)
	require.Contains(t, out, "PROVEN")
	require.Contains(t, out, "What alice proposed was taken into force after approval, exactly as approved")
	require.NotContains(t, out, "gone")
	out, err = alice.ramp("show", r.ID)
	require.NoError(t, err, out)
	require.Contains(t, out, "In force since")
	require.Contains(t, out, "contracts taken into force")
	for _, untrue := range []string{"gone", " left", "Expires", "expired"} {
		require.NotContains(t, out, untrue)
	}

	server.kill()
	require.NoError(t, os.WriteFile(directory, []byte(strings.Replace(proposable, "max: 1h", "max: 9h", 1)), 0o600))
	in.start(nil, "server", "--config", in.config()).ready()
	require.Equal(t, 2, status().Revision.Number)
	alice.asks("host", "3h")
	require.Equal(t, http.StatusBadRequest, alice.call("POST", "/api/v1/requests", map[string]any{"contract": "host", "duration": "9h", "reason": "more than that"}, nil))
}
