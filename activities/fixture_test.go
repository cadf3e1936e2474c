package activities_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
)

const targetName = "model/one"

var start = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)

func person(id string, groups ...string) access.Person {
	return access.Person{ID: id, Kind: access.KindHuman, Groups: groups}
}

var (
	alice = person("alice", "engineering", "approvers")
	bob   = person("bob", "approvers")
	dave  = person("dave", "contractors")
)

// worker has the activities of a worker, which anybody who speaks to Temporal
// directly can reach, with a real ledger, a fake target, and a clock to move.
type worker struct {
	*testing.T
	env     *testsuite.TestActivityEnvironment
	now     time.Time
	signer  *evidence.Signer // the server's
	ledger  *ledger.Ledger
	path    string // of its database
	target  *faketarget.Target
	targets *activities.Targets
	effects []faketarget.Effect
	// directory is the ledger's, unless it has an error.
	directory *directory
}

type directory struct {
	*ledger.Ledger
	err error
}

func (d *directory) DirectorySnapshot(ctx context.Context, ids ...string) (access.DirectorySnapshot, error) {
	if d.err != nil {
		return access.DirectorySnapshot{}, d.err
	}
	return d.Ledger.DirectorySnapshot(ctx, ids...)
}

func newSigner(t *testing.T) *evidence.Signer {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return evidence.NewSigner(key)
}

func newWorker(t *testing.T) *worker {
	return newWorkerOf(t, integrations.Bounds{Ending: time.Minute})
}

// newWorkerOf returns a worker that serves a target with these bounds.
func newWorkerOf(t *testing.T, bounds integrations.Bounds) *worker {
	w := &worker{T: t, now: start, signer: newSigner(t)}
	var err error
	w.path = t.TempDir() + "/ledger.db"
	w.ledger, err = ledger.Open(context.Background(), "sqlite:"+w.path)
	require.NoError(t, err)
	t.Cleanup(func() { w.ledger.Close() })
	w.ledger.UseNotary(evidence.NewNotary(w.signer, evidence.NewKeyring(w.signer.Public())), nil)
	w.directory = &directory{Ledger: w.ledger}
	now := func() time.Time { return w.now }
	w.target = faketarget.New(faketarget.Config{Now: now, Bounds: bounds,
		OnEffect: func(m faketarget.Effect) { w.effects = append(w.effects, m) }})
	keys := evidence.NewKeyring(w.signer.Public())
	c := &activities.Control{Ledger: w.ledger, Keyring: keys, Directory: w.directory}
	w.targets = &activities.Targets{Broker: integrations.NewBroker(map[string]integrations.Target{targetName: w.target}, nil),
		Ledger: w.ledger, Keyring: keys, Directory: w.directory, Now: now}
	w.targets.Signer = newSigner(t)
	w.targets.Workers = evidence.NewKeyring(w.targets.Signer.Public())
	var ts testsuite.WorkflowTestSuite
	w.env = ts.NewTestActivityEnvironment()
	c.Register(w.env)
	w.targets.Register(w.env)
	w.targets.RegisterClosing(w.env)
	return w
}

// asked is a request that was submitted.
type asked struct {
	*worker
	plan   access.Plan
	signed evidence.Envelope
}

func (w *worker) asks(change ...func(*access.Plan)) asked {
	id := access.NewRequestID()
	p := access.Plan{RequestID: id, Contract: "c", Requester: alice, Principal: alice.ID, Duration: access.Duration(30 * time.Minute),
		CreatedAt: start, PendingUntil: start.Add(time.Hour), Extend: &access.ExtensionLimits{Times: 1, UpTo: access.Duration(time.Hour)},
		Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: targetName, Entitlement: access.Entitlement{"what": "it"},
			Scope: faketarget.Scope("it")}},
		Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "lead", From: []string{"approvers"}, Approvals: 1}}}}
	for _, c := range change {
		c(&p)
	}
	a := asked{worker: w, plan: p}
	var err error
	a.signed, a.plan.Digest, err = w.signer.SignPlan(p)
	require.NoError(w, err)
	b, err := json.Marshal(a.signed)
	require.NoError(w, err)
	_, err = w.ledger.Submit(context.Background(), ledger.Submission{PlanEnvelope: b, Request: access.Request{ID: id,
		State: access.StatePending, Requester: alice, Plan: a.plan, CreatedAt: start}})
	require.NoError(w, err)
	return a
}

func (a asked) grant() string { return a.plan.Grants[0].Name }

func (a asked) decision(p access.Person, v access.Verdict) evidence.Envelope {
	e, err := a.signer.SignDecision(access.Decision{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Verdict: v,
		Approver: p, At: a.now})
	require.NoError(a, err)
	return e
}

func (a asked) verify(d evidence.Envelope, before ...evidence.Envelope) (api.VerifyDecisionsResult, error) {
	var res api.VerifyDecisionsResult
	v, err := a.env.ExecuteActivity(api.VerifyDecisions, api.VerifyDecisionsInput{Plan: a.signed, Decisions: before, New: &d})
	if err == nil {
		require.NoError(a, v.Get(&res))
	}
	return res, api.FromTemporal(err)
}

func (a asked) open(until time.Time, decisions ...evidence.Envelope) error {
	_, err := a.env.ExecuteActivity(api.OpenGrant, api.OpenGrantInput{Plan: a.signed, Decisions: decisions, Grant: a.grant(), ExpiresAt: until})
	return api.FromTemporal(err)
}

func (a asked) close() error {
	_, err := a.env.ExecuteActivity(api.CloseGrant, api.CloseGrantInput{RequestID: a.plan.RequestID, Target: targetName, Grant: a.grant()})
	return api.FromTemporal(err)
}

func (a asked) row() ledger.GrantRecord {
	rows, err := a.ledger.Grants(context.Background(), ledger.GrantFilter{RequestID: a.plan.RequestID})
	require.NoError(a, err)
	require.Len(a, rows, 1)
	return rows[0]
}

func (a asked) request() access.Request {
	r, err := a.ledger.Request(context.Background(), a.plan.RequestID)
	require.NoError(a, err)
	return r
}

func (a asked) eventCounts() map[access.EventKind]int {
	timeline, _, err := a.ledger.Timeline(context.Background(), a.plan.RequestID)
	require.NoError(a, err)
	told := map[access.EventKind]int{}
	for _, e := range timeline {
		told[e.Kind]++
	}
	return told
}

// approvedAndOpen is a request whose access is open for half an hour.
func (w *worker) approvedAndOpen() asked {
	a := w.asks()
	d := a.decision(bob, access.Approve)
	_, err := a.verify(d)
	require.NoError(w, err)
	require.NoError(w, a.open(w.now.Add(30*time.Minute), d))
	require.Equal(w, []string{a.grant()}, w.target.Usable())
	return a
}
