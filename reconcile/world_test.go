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

// world is a real ledger, a target in memory, and a Temporal that says what it
// is told to say. Its clock stands still until it is moved.
type world struct {
	*testing.T
	*ledger.Ledger
	mu     sync.Mutex
	clock  time.Time
	target *faketarget.Target
	broker *integrations.Broker
	runs   *fakeRuns
	alarms *fakeAlarms
}

func newWorld(t *testing.T) *world {
	l, err := ledger.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	w := &world{T: t, Ledger: l, clock: noon, runs: &fakeRuns{is: map[string]reconcile.RunStatus{}}, alarms: &fakeAlarms{}}
	w.target = faketarget.New(faketarget.Config{Now: w.now, Bounds: bounds})
	w.serve(w.target)
	return w
}

// serve has the reconciler use a target, beside one that is down.
func (w *world) serve(t integrations.Target) {
	w.broker = integrations.NewBroker(map[string]integrations.Target{target: t},
		map[string]error{"model/down": access.Errorf(access.CodeUnavailable, "it is down")})
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// reconciler is what one worker has.
func (w *world) reconciler() *reconcile.Reconciler {
	log := logrus.New()
	log.SetOutput(io.Discard)
	t := &activities.Targets{Broker: w.broker, Ledger: w.Ledger, Now: w.now}
	return &reconcile.Reconciler{Broker: w.broker, Ledger: w.Ledger, RevokeAndVerify: t.RevokeAndVerify, Runs: w.runs, Alarms: w.alarms, Log: log, Now: w.now}
}

// look is one look, which must see.
func (w *world) look() reconcile.Report {
	w.Helper()
	report, err := w.reconciler().ReconcileTarget(ctx, target)
	require.NoError(w, err)
	return report
}

// asked is a request in the ledger, with a workflow that runs.
func (w *world) asked() access.Request {
	w.Helper()
	id := access.NewRequestID()
	r := access.Request{ID: id, Contract: "demo", State: access.StatePending, CreatedAt: w.now(), Requester: access.Person{ID: "alice", Kind: access.KindHuman},
		Stages: []access.StageStatus{}, Decisions: []access.Decision{},
		Plan: access.Plan{RequestID: id, Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: target}}}}
	_, err := w.Submit(ctx, ledger.Submission{Request: r, PlanEnvelope: []byte(`{}`)})
	require.NoError(w, err)
	require.NoError(w, w.MarkStarted(ctx, id))
	w.runs.set(id, reconcile.RunRunning)
	return r
}

func (w *world) grantOf(r access.Request) access.Grant {
	return access.Grant{Name: access.GrantName(r.ID, 0), RequestID: r.ID, Target: target, Principal: "alice",
		Entitlement: access.Entitlement{"what": "orders"}, ExpiresAt: w.now().Add(time.Hour)}
}

// opened is a request with a live grant.
func (w *world) opened() access.Grant {
	w.Helper()
	r := w.asked()
	g := w.grantOf(r)
	require.NoError(w, w.IntendGrant(ctx, g, w.now()))
	require.NoError(w, w.broker.Grant(ctx, g))
	require.NoError(w, w.MarkOpened(ctx, g.Name, w.now()))
	require.NoError(w, w.Advance(ctx, access.Transition{RequestID: r.ID, To: access.StateActive, At: w.now()}))
	w.pass(time.Second)
	return g
}

func (w *world) request(id string) access.Request {
	w.Helper()
	r, err := w.Request(ctx, id)
	require.NoError(w, err)
	return r
}

// told counts a request's events by kind.
func (w *world) told(id string) map[access.EventKind]int {
	w.Helper()
	out := map[access.EventKind]int{}
	events, err := w.Events(ctx, ledger.EventFilter{RequestID: id})
	require.NoError(w, err)
	for _, e := range events {
		out[e.Kind]++
	}
	return out
}

// well wants a look to find nothing.
func (w *world) well() {
	w.Helper()
	require.Empty(w, w.look().Findings)
}

// ended wants access to be gone, and the record to say how, each thing once.
func (w *world) ended(g access.Grant, outcome access.Outcome) {
	w.Helper()
	require.NotContains(w, w.target.Objects(), g.Name)
	r := w.request(g.RequestID)
	require.Equal(w, access.StateEnded, r.State)
	require.Equal(w, outcome, r.Outcome)
	require.False(w, r.Overdue)
	told := w.told(g.RequestID)
	for _, kind := range []access.EventKind{access.EventAccessEnding, access.EventGrantClosed, access.EventGrantSwept, access.EventAccessEnded} {
		require.Equal(w, 1, told[kind], "%s: %v", kind, told)
	}
}

// fakeRuns is Temporal as far as the third line asks.
type fakeRuns struct {
	mu      sync.Mutex
	is      map[string]reconcile.RunStatus
	asked   []string
	stopped []string
	blind   error // what listing answers
	dumb    error // what asking about one answers
}

func (f *fakeRuns) set(id string, run reconcile.RunStatus) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.is[id] = run
}

func (f *fakeRuns) ListRunning(context.Context, string) (map[string]bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]bool{}
	for id, run := range f.is {
		out[id] = run == reconcile.RunRunning
	}
	if f.blind != nil {
		return nil, f.blind
	}
	return out, nil
}

func (f *fakeRuns) Describe(_ context.Context, id string) (reconcile.RunStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, id)
	if run, known := f.is[id]; known {
		return run, f.dumb
	}
	return reconcile.RunMissing, f.dumb
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
