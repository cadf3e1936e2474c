package properties

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// shared is what the simulations of one test have in common.
type shared struct {
	ledger           *ledger.Ledger
	signer, stranger *evidence.Signer
	worker           *evidence.Signer
	recipient        string
}

func newShared(t *testing.T) shared {
	l, err := ledger.Open(context.Background(), "sqlite:"+t.TempDir()+"/ledger.db")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	r, err := evidence.NewRecipient()
	require.NoError(t, err)
	key := func(seed byte) *evidence.Signer {
		return evidence.NewSigner(ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize))))
	}
	return shared{ledger: l, signer: key('a'), stranger: key('b'), worker: key('c'), recipient: r.Public()}
}

// simulation is one request in Temporal's test environment, with the real workflow,
// the real activities, a real ledger and a target in memory.
type simulation struct {
	*rapid.T
	shared
	ledger *faultyLedger
	env    *testsuite.TestWorkflowEnvironment
	plan   access.Plan
	signed evidence.Envelope
	target *faketarget.Target

	slow     map[string][]time.Duration // by activity, what the next calls take
	troubled time.Duration              // by how much the scenario's faults may hold up closing
	sent     *workflows.SignedStatement // the last decision
	order    *workflows.SignedStatement // the last order to extend

	mu        sync.Mutex
	trace     []string // what happened, in text
	broken    []string // promises that did not hold
	oracle    oracle
	cancelled map[string]bool   // activities that were asked to stop
	landing   map[string]func() // slow activities whose effect is to come
}

// retryAtMost is the longest pause between two tries of closing.
const retryAtMost = 30 * time.Second

func (c shared) simulation(t *rapid.T, plan access.Plan) *simulation {
	var ts testsuite.WorkflowTestSuite
	s := &simulation{T: t, shared: c, ledger: &faultyLedger{Ledger: c.ledger}, plan: plan, slow: map[string][]time.Duration{},
		cancelled: map[string]bool{}, landing: map[string]func(){}}
	s.ledger.observe = s.observeTransition
	ts.SetLogger(notes{s})
	s.oracle.ends = map[string]time.Time{}
	s.oracle.first = map[string]time.Time{}
	s.env = ts.NewTestWorkflowEnvironment()
	s.env.SetTestTimeout(2 * time.Minute)
	s.env.SetStartTime(start)
	s.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.AccessWorkflowID(plan.RequestID)})
	s.env.RegisterWorkflow(workflows.AccessRequest)
	s.target = faketarget.New(faketarget.Config{Now: s.env.Now, OnEffect: s.onEffect,
		Bounds: integrations.Bounds{Consistency: 200 * time.Millisecond, Ending: time.Minute}})
	s.register()
	s.submit()
	return s
}

// submit does what the server does: it signs the plan and records the request.
func (s *simulation) submit() {
	var err error
	s.signed, s.plan.Digest, err = s.signer.SignPlan(s.plan)
	require.NoError(s, err)
	b, err := json.Marshal(s.signed)
	require.NoError(s, err)
	_, err = s.ledger.Submit(context.Background(), ledger.Submission{PlanEnvelope: b, Request: access.Request{ID: s.plan.RequestID,
		State: access.StatePending, Contract: s.plan.Contract, Requester: s.plan.Requester, Plan: s.plan, CreatedAt: start}})
	require.NoError(s, err)
}

func (s *simulation) register() {
	keys := evidence.NewKeyring(s.signer.Public())
	control := &activities.Control{Ledger: s.ledger, Keyring: keys}
	targets := &activities.Targets{Broker: integrations.NewBroker(map[string]integrations.Target{targetName: s.target}, nil),
		Ledger: s.ledger, Keyring: keys, Now: s.env.Now, Signer: s.worker, Workers: evidence.NewKeyring(s.worker.Public())}
	named := func(name string, f any) { s.env.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name}) }
	named(api.VerifyDecisions, slowly(s, api.VerifyDecisions, control.VerifyDecisions))
	named(api.VerifyInTask, control.VerifyInTask)
	named(api.RecordTransition, slowly(s, api.RecordTransition, func(ctx context.Context, in access.Transition) (none, error) {
		return none{}, control.RecordTransition(ctx, in)
	}))
	named(api.OpenGrant, slowly(s, api.OpenGrant, targets.OpenGrant))
	named(api.ExtendGrant, slowly(s, api.ExtendGrant, func(ctx context.Context, in api.ExtendGrantInput) (none, error) {
		return none{}, targets.ExtendGrant(ctx, in)
	}))
	named(api.MintCredential, slowly(s, api.MintCredential, targets.MintCredential))
	named(api.CloseGrant, slowly(s, api.CloseGrant, func(ctx context.Context, in api.CloseGrantInput) (none, error) {
		return none{}, targets.CloseGrant(ctx, in)
	}))
	s.env.SetOnActivityCanceledListener(s.stopped)
}

// none is the result of activities that return nothing.
type none struct{}

// play runs the steps at their times, and the request to its end.
func (s *simulation) play(steps []step) {
	at := time.Millisecond // after the workflow's first step
	for _, a := range steps {
		at += a.after
		s.env.RegisterDelayedCallback(func() { s.note("%s", a.text); a.do(s); s.queryStatus() }, at)
	}
	if starts := s.plan.StartAt; starts != nil {
		s.env.RegisterDelayedCallback(s.confirms, starts.Sub(start)-access.ConfirmAhead)
	}
	in, err := workflows.NewAccessRequestInput(s.signed)
	require.NoError(s, err)
	if shape := rapid.SampledFrom([]int{in.Shape, workflows.LeanShape, workflows.FirstShape}).Draw(s.T, "shape"); shape != in.Shape {
		in, err = workflows.EarlierAccessRequestInput(s.signed, shape)
		require.NoError(s, err)
	}
	s.env.ExecuteWorkflow(workflows.AccessRequest, in)
	s.checkEnd()
	if len(s.broken) > 0 {
		s.Fatalf("%s\n\nThe scenario:\n  a request under %s\n  %s", strings.Join(s.broken, "\n"), asked{s.plan}, strings.Join(s.trace, "\n  "))
	}
}

// note adds a line to the trace.
func (s *simulation) note(format string, args ...any) {
	at := s.env.Now().Sub(start)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trace = append(s.trace, fmt.Sprintf("%-9s ", at)+fmt.Sprintf(format, args...))
}

// violated notes a promise that did not hold.
func (s *simulation) violated(format string, args ...any) {
	s.note("  VIOLATED: "+format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = append(s.broken, fmt.Sprintf(format, args...))
}
