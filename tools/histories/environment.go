package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/internal/sdklog"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/gateway"
	"ramp.dev/ramp/worker"
	"ramp.dev/ramp/workflows"
)

// environment is everything of Ramp below the server's pages, real but for the
// targets: the embedded Temporal, a worker, a ledger, the server's key.
type environment struct {
	temporal client.Client
	gateway  *gateway.Gateway
	ledger   *ledger.Ledger
	signer   *evidence.Signer
	targets  map[string]*faketarget.Target // by scenario
	keys     []codec.Key
	stops    []func()
}

// bounds of every target here: a closing that fails is overdue soon.
var bounds = integrations.Bounds{Consistency: 200 * time.Millisecond, Ending: 3 * time.Second}

// longRun is after how many events Temporal suggests a new run here. No scenario
// but one comes near it.
const longRun = 120

func targetOf(scenario string) string { return "model/" + scenario }

// start starts an environment in dir with one target for each scenario.
// With keys, what Temporal keeps is encrypted.
func start(ctx context.Context, dir string, scenarios []scenario, keys ...codec.Key) (*environment, error) {
	e := &environment{targets: map[string]*faketarget.Target{}, keys: keys}
	if err := e.init(ctx, dir, scenarios); err != nil {
		e.stop()
		return nil, err
	}
	return e, nil
}

func (e *environment) init(ctx context.Context, dir string, scenarios []scenario) error {
	log := logrus.New()
	log.SetOutput(io.Discard)
	if os.Getenv("RAMP_HISTORIES_LOG") != "" {
		log.SetOutput(os.Stderr)
	}
	server, err := temporalserver.Start(ctx, temporalserver.Config{Dir: filepath.Join(dir, "temporal"), Addr: "127.0.0.1:0",
		SearchAttributes: workflows.SearchAttributes(), Dynamic: map[string]any{"limit.historyCount.suggestContinueAsNew": longRun}})
	if err != nil {
		return err
	}
	e.stops = append(e.stops, func() { _ = server.Stop() })
	options := client.Options{HostPort: server.Addr, Namespace: temporalserver.Namespace, Logger: sdklog.New(log),
		Identity: "histories"} // otherwise the machine's name would be in them
	if len(e.keys) > 0 {
		payloads, err := codec.New(e.keys...)
		if err != nil {
			return err
		}
		options.DataConverter, options.FailureConverter = payloads.Converters()
	}
	if e.temporal, err = client.Dial(options); err != nil {
		return err
	}
	e.stops = append(e.stops, e.temporal.Close)
	e.gateway = gateway.New(e.temporal, evidence.Keyring{})
	if e.ledger, err = ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db")); err != nil {
		return err
	}
	e.stops = append(e.stops, func() { _ = e.ledger.Close() })
	e.signer = newSigner()
	open := map[string]integrations.Target{}
	for _, s := range scenarios {
		e.targets[s.name] = faketarget.New(faketarget.Config{Now: time.Now, Bounds: bounds})
		open[targetOf(s.name)] = e.targets[s.name]
	}
	running, err := worker.Start(ctx, worker.Config{Control: true}, worker.Deps{Temporal: e.temporal, Ledger: e.ledger,
		Keyring: evidence.NewKeyring(e.signer.Public()), Log: log, Targets: open})
	if err != nil {
		return err
	}
	e.stops = append(e.stops, running.Stop)
	return nil
}

func newSigner() *evidence.Signer {
	_, key, _ := ed25519.GenerateKey(rand.Reader) // never fails
	return evidence.NewSigner(key)
}

func (e *environment) stop() {
	for i := len(e.stops) - 1; i >= 0; i-- {
		e.stops[i]()
	}
}

// submit does what the server does: it signs, records and starts a request.
func (e *environment) submit(ctx context.Context, p access.Plan, signer *evidence.Signer, in earlier) (*run, error) {
	signed, digest, err := signer.SignPlan(p)
	if err != nil {
		return nil, err
	}
	p.Digest = digest
	envelope, err := json.Marshal(signed)
	if err != nil {
		return nil, err
	}
	_, err = e.ledger.Submit(ctx, ledger.Submission{PlanEnvelope: envelope, Request: access.Request{ID: p.RequestID,
		State: access.StatePending, Contract: p.Contract, Requester: p.Requester, Plan: p, CreatedAt: p.CreatedAt}})
	if err != nil {
		return nil, err
	}
	r := &run{environment: e, plan: p}
	if in.folder == "" {
		return r, e.gateway.Start(ctx, p, signed)
	}
	input, err := workflows.EarlierAccessRequestInput(signed, in.shape)
	if err != nil {
		return nil, err
	}
	_, err = e.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: workflows.AccessWorkflowID(p.RequestID), TaskQueue: workflows.ControlQueue,
		WorkflowTaskTimeout: 5 * time.Second, TypedSearchAttributes: workflows.InitialSearchAttributes(p)}, workflows.AccessRequestType, input)
	return r, err
}
