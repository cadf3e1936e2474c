package reconcile_test

import (
	"context"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/reconcile"
)

var (
	ctx    = context.Background()
	noon   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	bounds = integrations.Bounds{Ending: time.Minute}
)

const target = "model/one"

// fixture is a real ledger, a target in memory, and a fake of Temporal. Its clock
// moves only when a test calls advance.
type fixture struct {
	*testing.T
	*ledger.Ledger
	path   string // of the ledger's database
	mu     sync.Mutex
	clock  time.Time
	target *faketarget.Target
	broker *integrations.Broker
	runs   *fakeRuns
	alarms *fakeAlarms
}

func newFixture(t *testing.T) *fixture {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(ctx, "sqlite:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	f := &fixture{T: t, Ledger: l, path: path, clock: noon, runs: &fakeRuns{status: map[string]reconcile.RunStatus{}}, alarms: &fakeAlarms{}}
	f.target = faketarget.New(faketarget.Config{Now: f.now, Bounds: bounds})
	f.serve(f.target)
	return f
}

// serve gives the reconciler a target, and a second one that is down.
func (f *fixture) serve(t integrations.Target) {
	f.broker = integrations.NewBroker(map[string]integrations.Target{target: t},
		map[string]error{"model/down": access.Errorf(access.CodeUnavailable, "it is down")})
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

// reconciler returns the reconciler of one worker.
func (f *fixture) reconciler() *reconcile.Reconciler {
	log := logrus.New()
	log.SetOutput(io.Discard)
	t := &activities.Targets{Broker: f.broker, Ledger: f.Ledger, Now: f.now}
	return &reconcile.Reconciler{Broker: f.broker, Ledger: f.Ledger, RevokeAndVerify: t.RevokeAndVerify, Runs: f.runs, Alarms: f.alarms, Log: log, Now: f.now}
}

// look reconciles the target once; the target must be reachable.
func (f *fixture) look() reconcile.Report {
	f.Helper()
	report, err := f.reconciler().ReconcileTarget(ctx, target)
	require.NoError(f, err)
	return report
}

// asked submits a request, whose workflow runs.
func (f *fixture) asked() access.Request {
	f.Helper()
	id := access.NewRequestID()
	r := access.Request{ID: id, Contract: "demo", State: access.StatePending, CreatedAt: f.now(), Requester: access.Person{ID: "alice", Kind: access.KindHuman},
		Stages: []access.StageStatus{}, Decisions: []access.Decision{},
		Plan: access.Plan{RequestID: id, Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: target}}}}
	_, err := f.Submit(ctx, ledger.Submission{Request: r, PlanEnvelope: []byte(`{}`)})
	require.NoError(f, err)
	require.NoError(f, f.MarkStarted(ctx, id))
	f.runs.set(id, reconcile.RunRunning)
	return r
}

func (f *fixture) grantOf(r access.Request) access.Grant {
	return access.Grant{Name: access.GrantName(r.ID, 0), RequestID: r.ID, Target: target, Principal: "alice",
		Entitlement: access.Entitlement{"what": "orders"}, ExpiresAt: f.now().Add(time.Hour)}
}

// opened returns the live grant of a new request.
func (f *fixture) opened() access.Grant {
	f.Helper()
	r := f.asked()
	g := f.grantOf(r)
	require.NoError(f, f.IntendGrant(ctx, g, f.now()))
	require.NoError(f, f.broker.Grant(ctx, g))
	require.NoError(f, f.MarkOpened(ctx, g.Name, f.now()))
	require.NoError(f, f.Advance(ctx, access.Activation(r.ID, f.now(), g.ExpiresAt)))
	f.advance(time.Second)
	return g
}

func (f *fixture) request(id string) access.Request {
	f.Helper()
	r, err := f.Request(ctx, id)
	require.NoError(f, err)
	return r
}

// eventCounts counts a request's events by kind.
func (f *fixture) eventCounts(id string) map[access.EventKind]int {
	f.Helper()
	out := map[access.EventKind]int{}
	events, err := f.Events(ctx, ledger.EventFilter{RequestID: id})
	require.NoError(f, err)
	for _, e := range events {
		out[e.Kind]++
	}
	return out
}

// findsNothing checks that a look has no finding.
func (f *fixture) findsNothing() {
	f.Helper()
	require.Empty(f, f.look().Findings)
}

// ended checks that access is gone, and that each event of its end is recorded once.
func (f *fixture) ended(g access.Grant, outcome access.Outcome) {
	f.Helper()
	require.NotContains(f, f.target.Objects(), g.Name)
	r := f.request(g.RequestID)
	require.Equal(f, access.StateEnded, r.State)
	require.Equal(f, outcome, r.Outcome)
	require.False(f, r.Overdue)
	counts := f.eventCounts(g.RequestID)
	for _, kind := range []access.EventKind{access.EventAccessEnding, access.EventGrantClosed, access.EventGrantSwept, access.EventAccessEnded} {
		require.Equal(f, 1, counts[kind], "%s: %v", kind, counts)
	}
}

// fakeRuns stands for Temporal.
type fakeRuns struct {
	mu          sync.Mutex
	status      map[string]reconcile.RunStatus
	described   []string // requests that Describe was called for
	stopped     []string // requests that RequestEnd was called for
	listErr     error
	describeErr error
}

func (f *fakeRuns) set(id string, run reconcile.RunStatus) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status[id] = run
}

func (f *fakeRuns) ListRunning(context.Context, string) (map[string]bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]bool{}
	for id, run := range f.status {
		out[id] = run == reconcile.RunRunning
	}
	if f.listErr != nil {
		return nil, f.listErr
	}
	return out, nil
}

func (f *fakeRuns) Describe(_ context.Context, id string) (reconcile.RunStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.described = append(f.described, id)
	if run, known := f.status[id]; known {
		return run, f.describeErr
	}
	return reconcile.RunMissing, f.describeErr
}

func (f *fakeRuns) RequestEnd(_ context.Context, id, _ string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = append(f.stopped, id)
	return nil
}

type fakeAlarms struct {
	mu     sync.Mutex
	raised []reconcile.Alarm
}

func (f *fakeAlarms) Raise(_ context.Context, a reconcile.Alarm) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.raised = append(f.raised, a)
}
