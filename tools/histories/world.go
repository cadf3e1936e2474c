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

// world is everything of Ramp below the server's pages, real but for the
// targets: the embedded Temporal, a worker, a ledger, the server's key.
type world struct {
	temporal client.Client
	gateway  *gateway.Gateway
	ledger   *ledger.Ledger
	signer   *evidence.Signer
	targets  map[string]*faketarget.Target // by story
	stops    []func()
}

// bounds of every target here: a closing that fails is overdue soon.
var bounds = integrations.Bounds{Consistency: 200 * time.Millisecond, Ending: 3 * time.Second}

// longRun is after how many events Temporal suggests a new run here. No story
// but one comes near it.
const longRun = 120

func targetOf(story string) string { return "model/" + story }

// begin starts a world in dir with one target for each story.
func begin(ctx context.Context, dir string, stories []story) (*world, error) {
	w := &world{targets: map[string]*faketarget.Target{}}
	if err := w.start(ctx, dir, stories); err != nil {
		w.end()
		return nil, err
	}
	return w, nil
}

func (w *world) start(ctx context.Context, dir string, stories []story) error {
	log := logrus.New()
	log.SetOutput(io.Discard)
	if os.Getenv("RAMP_HISTORIES_LOG") != "" {
		log.SetOutput(os.Stderr)
	}
	e, err := temporalserver.Start(ctx, temporalserver.Config{Dir: filepath.Join(dir, "temporal"), Addr: "127.0.0.1:0",
		SearchAttributes: workflows.SearchAttributes(), Dynamic: map[string]any{"limit.historyCount.suggestContinueAsNew": longRun}})
	if err != nil {
		return err
	}
	w.stops = append(w.stops, func() { _ = e.Stop() })
	w.temporal, err = client.Dial(client.Options{HostPort: e.Addr, Namespace: temporalserver.Namespace, Logger: sdklog.New(log),
		Identity: "histories"}) // otherwise the machine's name would be in them
	if err != nil {
		return err
	}
	w.stops = append(w.stops, w.temporal.Close)
	w.gateway = gateway.New(w.temporal)
	if w.ledger, err = ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db")); err != nil {
		return err
	}
	w.stops = append(w.stops, func() { _ = w.ledger.Close() })
	w.signer = newSigner()
	open := map[string]integrations.Target{}
	for _, s := range stories {
		w.targets[s.name] = faketarget.New(faketarget.Config{Now: time.Now, Bounds: bounds})
		open[targetOf(s.name)] = w.targets[s.name]
	}
	running, err := worker.Start(ctx, worker.Config{Control: true}, worker.Deps{Temporal: w.temporal, Ledger: w.ledger,
		Keyring: evidence.NewKeyring(w.signer.Public()), Log: log, Targets: open})
	if err != nil {
		return err
	}
	w.stops = append(w.stops, running.Stop)
	return nil
}

func newSigner() *evidence.Signer {
	_, key, _ := ed25519.GenerateKey(rand.Reader) // never fails
	return evidence.NewSigner(key)
}

func (w *world) end() {
	for i := len(w.stops) - 1; i >= 0; i-- {
		w.stops[i]()
	}
}

// submit does what the server does: sign, write down, start.
func (w *world) submit(ctx context.Context, p access.Plan, signer *evidence.Signer) (*run, error) {
	signed, digest, err := signer.SignPlan(p)
	if err != nil {
		return nil, err
	}
	p.Digest = digest
	envelope, err := json.Marshal(signed)
	if err != nil {
		return nil, err
	}
	_, err = w.ledger.Submit(ctx, ledger.Submission{PlanEnvelope: envelope, Request: access.Request{ID: p.RequestID,
		State: access.StatePending, Contract: p.Contract, Requester: p.Requester, Plan: p, CreatedAt: p.CreatedAt}})
	if err != nil {
		return nil, err
	}
	return &run{world: w, plan: p}, w.gateway.Start(ctx, p, signed)
}
