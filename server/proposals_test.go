package server

import (
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/proposals"
)

// changing are contracts that change by proposals: the approvers own access to a host,
// and security the way to change contracts.
const changing = `apiVersion: ramp/v1
kind: Contract
metadata: {name: hosts, owner: approvers}
request: {who: '"engineering" in person.groups'}
duration: {default: 15m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {stages: [{name: leads, from: [approvers]}]}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: change-contracts, owner: security}
request:
  who: '"engineering" in person.groups || "security" in person.groups'
  params:
    set: {type: string, pattern: 'sha256:[0-9a-f]{64}', required: true}
    replaces: {type: string, pattern: 'sha256:[0-9a-f]{64}', required: true}
duration: {default: 1m, max: 5m}
grants:
  - target: contracts
    entitlement: {set: '{{params.set}}', replaces: '{{params.replaces}}'}
approval: {selfApproval: true, stages: [{name: security, from: [security]}]}
extend: {times: 1, upTo: 10m}
`

// proposing is a server whose contracts change by proposals, and the worker's key.
type proposing struct {
	*fixture
	worker *evidence.Signer
}

func newProposing(t *testing.T) proposing {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	p := proposing{worker: evidence.NewSigner(key)}
	p.fixture = newFixtureWith(t, func(f *fixture, d *Deps) {
		d.Workers = evidence.Keyring{}.With(key.Public(), "contracts")
		require.NoError(t, os.WriteFile(filepath.Join(f.dir, "contracts", "ssh.yaml"), []byte(changing), 0o600))
	}, func(c *Config) { c.Proposals = proposals.Config{Contract: "change-contracts"} })
	go p.contracts.Run(t.Context())
	return p
}

func (p proposing) status() contracts.Status { return p.contracts.Status() }

// send sends a body as JSON, and reads the response into out.
func (p proposing) send(who, method, path string, body, out any) (status int, text string) {
	p.Helper()
	b, err := json.Marshal(body)
	require.NoError(p, err)
	w := p.call(p.token(who), method, path, jsonType, string(b))
	if w.Code < 300 && out != nil {
		require.NoError(p, json.Unmarshal(w.Body.Bytes(), out))
	}
	return w.Code, w.Body.String()
}

type uploaded struct{ Contract, Set, Replaces string }

func (p proposing) upload(who, text string) (out uploaded, status int, body string) {
	p.Helper()
	status, body = p.send(who, "POST", "/api/v1/contract-sets", map[string]any{"files": map[string]string{"ssh.yaml": text}}, &out)
	return out, status, body
}

// propose asks that an uploaded set comes into force.
func (p proposing) propose(who string, u uploaded) (r access.Request, status int, body string) {
	p.Helper()
	status, body = p.send(who, "POST", "/api/v1/requests", map[string]any{"contract": u.Contract, "reason": "as the test wants it", "params": map[string]string{"set": u.Set, "replaces": u.Replaces}}, &r)
	return r, status, body
}

// approves has everybody approve who must, as a server takes and records it.
func (p proposing) approves(r access.Request) {
	p.Helper()
	for _, s := range r.Plan.Rule.Stages {
		p.decides(r, access.Approve, access.Person{ID: "one-of-" + s.From[0], Kind: access.KindHuman, Groups: s.From})
	}
}

func (p proposing) decides(r access.Request, v access.Verdict, who access.Person) {
	p.Helper()
	d := access.Decision{RequestID: r.ID, PlanDigest: r.Plan.Digest, Verdict: v, Via: access.ViaWeb, Approver: who, At: time.Now().UTC().Truncate(time.Microsecond)}
	signed, err := p.signer.SignDecision(d)
	require.NoError(p, err)
	envelope, err := json.Marshal(signed)
	require.NoError(p, err)
	require.NoError(p, p.ledger.Advance(p.Context(), access.DecisionRecorded(d, envelope)))
}

// sql is somebody who writes to the ledger's database.
func (p proposing) sql(statement string, args ...any) {
	p.Helper()
	raw, err := sql.Open("sqlite", filepath.Join(p.dir, "ledger.db"))
	require.NoError(p, err)
	defer raw.Close()
	result, err := raw.Exec(statement, args...)
	require.NoError(p, err)
	n, err := result.RowsAffected()
	require.NoError(p, err)
	require.NotZero(p, n, statement)
}

// opens does what the worker does once the rule is satisfied.
func (p proposing) opens(r access.Request, by *evidence.Signer) error {
	p.Helper()
	p.approves(r)
	c := r.Plan.Change
	return p.ledger.OpenContracts(p.Context(), time.Now().Add(time.Hour), access.ContractsInForce{Set: c.Set, Replaces: c.Replaces, RequestID: r.ID, Grant: r.Plan.Grants[0].Name, At: time.Now().UTC()},
		func([][]byte) error { return nil }, by.SignContracts, access.Event{At: time.Now().UTC(), Kind: access.EventContractsInForce, Actor: access.ActorRamp})
}

// TestContractsChangeByProposal: the plan names both sets and says what changes; owners
// before and after decide; whoever wrote it does not count, whatever the contract says.
func TestContractsChangeByProposal(t *testing.T) {
	p := newProposing(t)
	first := p.status().Revision
	require.EqualValues(t, 1, first.Number)
	require.Empty(t, first.Request)
	wider := strings.Replace(strings.Replace(changing, "max: 1h", "max: 2h", 1), "owner: approvers", "owner: oncall", 1)
	u, status, body := p.upload("bob", wider)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, first.Set, u.Replaces)
	r, status, body := p.propose("bob", u)
	require.Equal(t, http.StatusCreated, status, body)
	change := r.Plan.Change
	require.Equal(t, access.ContractChange{Replaces: u.Replaces, Set: u.Set, Differences: change.Differences}, *change)
	require.Contains(t, strings.Join(change.Differences, "\n"), "hosts: BECOMES POSSIBLE, up to 2h")
	require.Equal(t, []string{"hosts: longest access (duration.max): 1h → 2h", "hosts: owner of the contract (metadata.owner): approvers → oncall"}, change.Differences[:2])
	require.Nil(t, r.Plan.Extend, "what happens once lasts no longer")
	var stages []string
	for _, s := range r.Plan.Rule.Stages {
		stages = append(stages, s.Name+" "+s.Needs())
	}
	require.Equal(t, []string{"security 1 of security", "owner approvers 1 of approvers", "owner oncall 1 of oncall"}, stages)
	require.False(t, r.Plan.Rule.SelfApproval)
	require.Equal(t, "bob", r.Plan.Rule.Authors[0].ID)
	status, body = p.send("bob", "POST", "/api/v1/requests/"+r.ID+"/decision", map[string]string{"decision": "approve", "planDigest": r.Plan.Digest}, nil)
	require.Equal(t, http.StatusForbidden, status, body)
	require.Contains(t, body, "own_request")
	status, body = p.send("carol", "POST", "/api/v1/requests/"+r.ID+"/decision", map[string]string{"decision": "approve", "planDigest": r.Plan.Digest}, nil)
	require.Equal(t, http.StatusOK, status, body)

	// Who decides reads the files, and sees on the page what changes.
	var files struct{ Files, Replaced access.ContractFiles }
	status, body = p.send("carol", "GET", "/api/v1/requests/"+r.ID+"/contracts", nil, &files)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, u.Set, files.Files.Digest())
	require.Equal(t, u.Replaces, files.Replaced.Digest())
	status, _ = p.send("dave", "GET", "/api/v1/requests/"+r.ID+"/contracts", nil, nil)
	require.Equal(t, http.StatusNotFound, status)
	page := p.call(p.token("carol"), "GET", "/requests/"+r.ID, "", "").Body.String()
	require.Contains(t, page, "hosts: BECOMES POSSIBLE")
	require.Contains(t, page, `<span class="added">&#43;duration: {default: 15m, max: 2h}`)
	require.Contains(t, page, `<span class="removed">-duration: {default: 15m, max: 1h}`)

	require.NoError(t, p.opens(r, p.worker))
	p.reload()
	now := p.status()
	require.Equal(t, contracts.Revision{Set: u.Set, Number: 2, Request: r.ID, At: now.Revision.At}, now.Revision)
	require.Empty(t, now.Error)
	found, _ := p.contracts.Current().Find("hosts")
	require.Equal(t, "oncall", found.Owner)
	require.Contains(t, p.call(p.token("oscar"), "GET", "/contracts", "", "").Body.String(), "/requests/"+r.ID)
}

// reload waits until the server goes by what the ledger says.
func (p proposing) reload() {
	p.Helper()
	require.Eventually(p, func() bool {
		record, err := p.ledger.ContractsInForce(p.Context(), ledger.LineProposals)
		if !assert.NoError(p, err) {
			return false
		}
		said, err := evidence.ReadContracts(record)
		return assert.NoError(p, err) && p.status().Revision.Number == said.Number
	}, time.Minute, 10*time.Millisecond)
}

// TestCase101WhoeverWroteContracts: nobody approves what they wrote by having somebody else
// propose it.
func TestCase101WhoeverWroteContracts(t *testing.T) {
	p := newProposing(t)
	wider := strings.Replace(changing, "max: 1h", "max: 2h", 1)
	u, status, body := p.upload("bob", wider)
	require.Equal(t, http.StatusOK, status, body)
	_, status, body = p.propose("alice", u)
	require.Equal(t, http.StatusForbidden, status, body)
	require.Contains(t, body, "not_uploaded")
	_, status, body = p.upload("alice", wider)
	require.Equal(t, http.StatusOK, status, body)
	r, status, body := p.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	require.Len(t, r.Plan.Rule.Authors, 2)
	status, body = p.decide("bob", r, access.Approve)
	require.Equal(t, http.StatusForbidden, status, body)

	_, status, body = p.upload("dave", wider)
	require.Equal(t, http.StatusForbidden, status, body)
	require.Contains(t, body, "not_eligible")
}

// TestCase101ProposalOfContractsThatAreReplaced: of two proposals that were made from the same
// contracts, the second is neither approved nor asked for once the first is in force.
func TestCase101ProposalOfContractsThatAreReplaced(t *testing.T) {
	p := newProposing(t)
	one, _, _ := p.upload("alice", strings.Replace(changing, "max: 1h", "max: 2h", 1))
	two, _, _ := p.upload("alice", strings.Replace(changing, "max: 1h", "max: 3h", 1))
	first, status, body := p.propose("alice", one)
	require.Equal(t, http.StatusCreated, status, body)
	second, status, body := p.propose("alice", two)
	require.Equal(t, http.StatusCreated, status, body)
	require.NoError(t, p.opens(first, p.worker))
	p.reload()
	status, body = p.send("carol", "POST", "/api/v1/requests/"+second.ID+"/decision", map[string]string{"decision": "approve", "planDigest": second.Plan.Digest}, nil)
	require.Equal(t, http.StatusConflict, status, body)
	require.Contains(t, body, access.IssueContractsChanged)
	_, status, body = p.propose("alice", two)
	require.Equal(t, http.StatusConflict, status, body)
	require.Equal(t, access.CodeConflict, access.CodeOf(p.opens(second, p.worker)), "the worker")
}

// TestProposalsThatAreRefused: what could not come into force, or could not be taken back,
// is refused with its place and before anybody is asked.
func TestProposalsThatAreRefused(t *testing.T) {
	p := newProposing(t)
	alone, change, _ := strings.Cut(changing, "---\n")
	for name, c := range map[string]struct{ text, code string }{
		"a mistake":                   {strings.Replace(changing, "max: 1h", "max: 1y", 1), "ssh.yaml:5"},
		"no way to change it again":   {alone, "no_way_back"},
		"another target as well":      {strings.Replace(changing, "approval: {selfApproval", "  - {target: ssh/demo, entitlement: {user: demo}}\napproval: {selfApproval", 1), "no_way_back"},
		"what is in force":            {changing, "nothing_changes"},
		"too much for people to read": {changing + many(21), "too_much"},
	} {
		_, status, body := p.upload("alice", c.text)
		require.Equal(t, http.StatusBadRequest, status, "%s: %s", name, body)
		require.Contains(t, body, c.code, name)
	}
	status, body := p.send("alice", "POST", "/api/v1/contract-sets", map[string]any{"files": map[string]string{"../x.yaml": change, "a_test.yaml": ""}}, nil)
	require.Equal(t, http.StatusBadRequest, status, body)
	require.Contains(t, body, "file_name")
	_, status, body = p.propose("alice", uploaded{"change-contracts", "sha256:" + strings.Repeat("0", 64), p.status().Revision.Set})
	require.Equal(t, http.StatusNotFound, status, body)

	// A contract that opens the target some other way changes nothing.
	another := changing + "---\n" + strings.Replace(strings.Replace(change, "name: change-contracts", "name: quietly", 1), "approval: {selfApproval: true, stages: [{name: security, from: [security]}]}", "approval: {auto: 'true'}", 1)
	u, status, body := p.upload("alice", another)
	require.Equal(t, http.StatusOK, status, body)
	r, _, _ := p.propose("alice", u)
	require.NoError(t, p.opens(r, p.worker))
	p.reload()
	wider, _, _ := p.upload("alice", strings.Replace(another, "max: 1h", "max: 2h", 1))
	wider.Contract = "quietly"
	_, status, body = p.propose("alice", wider)
	require.Equal(t, http.StatusBadRequest, status, body)
	require.Contains(t, body, "not_by_this_contract")
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("---\n" + strings.Replace(strings.SplitN(changing, "---\n", 2)[0], "name: hosts", "name: hosts-"+string(rune('a'+i)), 1))
	}
	return b.String()
}

// decide sends a decision on a request.
func (p proposing) decide(who string, r access.Request, v access.Verdict) (status int, body string) {
	p.Helper()
	return p.send(who, "POST", "/api/v1/requests/"+r.ID+"/decision", map[string]string{"decision": string(v), "planDigest": r.Plan.Digest}, nil)
}
