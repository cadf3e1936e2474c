package worker

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/sdklog"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// site is a real Temporal, a real ledger and a real worker on a service in
// memory: everything but the server, whose part the test plays.
type site struct {
	*testing.T
	dir      string
	address  string // of Temporal
	engine   *temporalserver.Server
	settings temporalserver.Config
	temporal client.Client
	ledger   *ledger.Ledger
	signer   *evidence.Signer
	service  *service
	config   Config
	log      *logrus.Logger
	receipts *evidence.Signer  // the worker's own
	passkeys evidence.Passkeys // nil: none are known
	worker   *Worker
}

// within bounds every wait; the machine may be busy.
const within = 2 * time.Minute

func newSite(t *testing.T, dynamic map[string]any) *site {
	ctx := t.Context()
	dir := t.TempDir()
	settings := temporalserver.Config{Dir: dir, Addr: ports.ForTest(t), SearchAttributes: workflows.SearchAttributes(), Dynamic: dynamic}
	e, err := temporalserver.Start(ctx, settings)
	require.NoError(t, err)
	s := &site{T: t, dir: dir, address: e.Addr, engine: e, settings: settings, service: newService(), config: Config{Control: true}, log: quiet()}
	t.Cleanup(s.stopTemporal)
	s.temporal, err = client.Dial(client.Options{HostPort: e.Addr, Namespace: temporalserver.Namespace, Logger: sdklog.New(quiet())})
	require.NoError(t, err)
	t.Cleanup(s.temporal.Close)
	s.ledger, err = ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.ledger.Close()) })
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s.signer, s.receipts = evidence.NewSigner(key), evidence.NewSigner(strangerKey(t))
	t.Cleanup(s.stop)
	return s
}

// stopTemporal stops Temporal; startTemporal starts it where it stood.
func (s *site) stopTemporal() {
	if s.engine != nil {
		_ = s.engine.Stop()
		s.engine = nil
	}
}

func (s *site) startTemporal() {
	s.Helper()
	var err error
	s.engine, err = temporalserver.Start(s.Context(), s.settings)
	require.NoError(s, err)
}

// strangerKey is a key that nobody trusts.
func strangerKey(t *testing.T) ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func quiet() *logrus.Logger {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return l
}

func (s *site) start() *site {
	s.Helper()
	w, err := Start(s.Context(), s.config, Deps{Temporal: s.temporal, Ledger: s.ledger, Log: s.log, Signer: s.receipts,
		Keyring: evidence.NewKeyring(s.signer.Public()).WithPasskeys(s.passkeys), Targets: map[string]integrations.Target{targetName: s.service}})
	require.NoError(s, err)
	s.worker = w
	return s
}

func (s *site) stop() {
	if s.worker != nil {
		s.worker.Stop()
		s.worker = nil
	}
}

// asks makes a request as the server would: signed, written down, started. The
// contract approves by itself unless change says otherwise.
//
// Its first task comes at once, and not with its first decision as a server's would, so
// that tests can send it anything.
func (s *site) asks(d time.Duration, change ...func(*access.Plan)) asked {
	s.Helper()
	a, signed := s.submits(d, change...)
	_, err := s.temporal.ExecuteWorkflow(s.Context(), client.StartWorkflowOptions{ID: a.id(), TaskQueue: workflows.ControlQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE},
		workflows.AccessRequestType, started(signed))
	require.NoError(s, err)
	return a
}

// asksAsServers is asks, started as a server does.
func (s *site) asksAsServers(d time.Duration, change ...func(*access.Plan)) asked {
	s.Helper()
	a, signed := s.submits(d, change...)
	require.NoError(s, workflows.Start(s.Context(), s.temporal, signed))
	return a
}

// submits signs a request and writes it down.
func (s *site) submits(d time.Duration, change ...func(*access.Plan)) (asked, evidence.Envelope) {
	s.Helper()
	id, now := access.NewRequestID(), time.Now().UTC().Truncate(time.Microsecond)
	alice := access.Person{ID: "alice", Kind: access.KindHuman}
	p := access.Plan{RequestID: id, Contract: "memory", Requester: alice, Principal: "alice", Reason: "why",
		Duration: access.Duration(d), CreatedAt: now, PendingUntil: now.Add(time.Hour), Rule: access.Rule{Auto: true, DenyThreshold: 1},
		Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: targetName, Entitlement: access.Entitlement{"what": "db"},
			Scope: databaseScope()}}}
	for _, c := range change {
		c(&p)
	}
	signed, digest, err := s.signer.SignPlan(p)
	require.NoError(s, err)
	p.Digest = digest
	envelope, err := json.Marshal(signed)
	require.NoError(s, err)
	_, err = s.ledger.Submit(s.Context(), ledger.Submission{PlanEnvelope: envelope, Request: access.Request{ID: id, Plan: p, Requester: p.Requester,
		State: access.StatePending, Contract: p.Contract, CreatedAt: now, Stages: []access.StageStatus{}}})
	require.NoError(s, err)
	return asked{s, p}, signed
}

// asked is one request.
type asked struct {
	site *site
	plan access.Plan
}

func (a asked) id() string    { return a.plan.RequestID }
func (a asked) grant() string { return a.plan.Grants[0].Name }

func (a asked) row() access.Request {
	a.site.Helper()
	r, err := a.site.ledger.Request(context.Background(), a.id())
	require.NoError(a.site, err)
	return r
}

func (a asked) awaits(state access.State) access.Request {
	a.site.Helper()
	a.site.eventually(func() bool { return a.row().State == state }, "%s becomes %s", a.id(), state)
	return a.row()
}

func (a asked) stops(kind access.EndKind) {
	a.site.Helper()
	require.NoError(a.site, a.site.temporal.SignalWorkflow(context.Background(), a.id(), "", workflows.SignalEnd,
		workflows.EndRequest{Kind: kind, By: "alice", At: time.Now().UTC()}))
}

// update sends one signed statement, as the gateway does.
// update sends a signed statement as the server does: a run that gives way to the
// next refuses it for a moment, and the next takes it.
func update[R any](a asked, name string, e evidence.Envelope) (out R, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	a.site.eventually(func() bool {
		out, err = updateOnce[R](ctx, a, name, e)
		return access.CodeOf(api.FromTemporal(err)) != access.CodeThrottled
	}, "the request takes what it is sent")
	return out, err
}

func updateOnce[R any](ctx context.Context, a asked, name string, e evidence.Envelope) (out R, err error) {
	h, err := a.site.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: a.id(), UpdateName: name,
		WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{workflows.SignedStatement{Envelope: e}}})
	if err == nil {
		err = h.Get(ctx, &out)
	}
	return out, err
}

func (s *site) eventually(ok func() bool, msg string, args ...any) {
	s.Helper()
	require.Eventuallyf(s, ok, within, 20*time.Millisecond, msg, args...)
}

// started returns the input that starts a request's workflow.
func started(signed evidence.Envelope) workflows.AccessRequestInput {
	in, err := workflows.NewAccessRequestInput(signed)
	if err != nil {
		panic(err)
	}
	return in
}
