package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/gateway"
	"ramp.dev/ramp/worker"
)

// ramp is everything of Ramp below HTTP as a side: the use cases, signatures, the
// Access workflow, the worker, and the ledger on disk with synchronous=full.
type ramp struct {
	app     *app.App
	ledger  *ledger.Ledger
	worker  *worker.Worker
	effects *effects
	crowd   *crowd
	target  *folder
	keys    [2]*evidence.Signer // the server's, and the worker's
	asked   atomic.Int64
	digests sync.Map // of plans, by request id: what an approver saw

	after    int64 // the ledger's events that were looked at
	endCount int
}

const contract = `apiVersion: ramp/v1
kind: Contract
metadata: {name: bench, owner: bench}
description: A file.
request:
  who: '"engineering" in person.groups'
  reason: {minLength: 10}
duration: {default: 1m, max: 24h}
grants:
  - target: file/bench
    entitlement: {what: file}
approval:
  pendingFor: 1h
  stages:
    - {name: lead, from: [approvers], approvals: 1}
`

// place is where Ramp keeps its files, and its ledger.
type place struct {
	dir, ledger string
	crowded     bool
}

func newRamp(ctx context.Context, p place, askers client.Client) (*ramp, error) {
	dir := p.dir
	for _, sub := range []string{"contracts", "target"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "contracts", "bench.yaml"), []byte(contract), 0o600); err != nil {
		return nil, err
	}
	signer, err := evidence.LoadOrCreateSigner(filepath.Join(dir, "server.key"))
	if err != nil {
		return nil, err
	}
	receipts, err := evidence.LoadOrCreateSigner(filepath.Join(dir, "worker.key"))
	if err != nil {
		return nil, err
	}
	store, err := contracts.NewStore(contracts.Directory(filepath.Join(dir, "contracts")), logrus.StandardLogger())
	if err != nil {
		return nil, err
	}
	led, err := ledger.Open(ctx, p.ledger)
	if err != nil {
		return nil, err
	}
	r := &ramp{ledger: led, effects: newEffects(), keys: [2]*evidence.Signer{signer, receipts}}
	r.target = &folder{dir: filepath.Join(dir, "target"), effects: r.effects}
	through := gateway.New(askers, evidence.NewKeyring(receipts.Public())).UseMeanings(led)
	config := app.Config{Contracts: store, Ledger: led, Signer: signer, Gateway: through, Log: logrus.StandardLogger()}
	if p.crowded {
		r.crowd = &crowd{Gateway: through, temporal: askers, ledger: led, signer: signer, receipts: receipts, folder: r.target}
		config.Gateway = r.crowd
	}
	r.app = app.New(config)
	return r, nil
}

// work starts its worker.
func (r *ramp) work(ctx context.Context, workers client.Client) (err error) {
	r.worker, err = worker.Start(ctx, worker.Config{Control: true}, worker.Deps{
		Temporal: workers, Ledger: r.ledger, Keyring: evidence.NewKeyring(r.keys[0].Public()), Signer: r.keys[1], Log: logrus.StandardLogger(),
		Targets: map[string]integrations.Target{targetName: r.target},
	})
	return err
}

func (r *ramp) name() string { return "ramp" }

// ask asks as one of many people, each of whom has few requests open.
func (r *ramp) ask(ctx context.Context, d time.Duration) (string, error) {
	n := r.asked.Add(1)
	p := access.Person{ID: fmt.Sprintf("person-%d", n/10), Kind: access.KindHuman, Groups: []string{"engineering"}}
	ask := access.RequestInput{Contract: "bench", Duration: access.Duration(d).String(), Reason: fmt.Sprint("measure how long it takes, number ", n)}
	req, _, err := r.app.Submit(ctx, access.Actor{Person: p}, ask, "")
	for access.CodeOf(err) == access.CodeUnavailable && ctx.Err() == nil { // as a person would, on a machine that is overloaded
		req, _, err = r.app.Submit(ctx, access.Actor{Person: p}, ask, "")
	}
	r.digests.Store(req.ID, req.Plan.Digest)
	return req.ID, err
}

func (r *ramp) approve(ctx context.Context, id string) error {
	bob := access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}}
	digest, _ := r.digests.Load(id)
	_, err := r.app.Decide(ctx, access.Actor{Person: bob}, id, app.DecisionInput{Verdict: access.Approve, PlanDigest: digest.(string)})
	for access.CodeOf(err) == access.CodeUnavailable && ctx.Err() == nil {
		_, err = r.app.Decide(ctx, access.Actor{Person: bob}, id, app.DecisionInput{Verdict: access.Approve, PlanDigest: digest.(string)})
	}
	return err
}

func (r *ramp) why(ctx context.Context, id string) string {
	request, err := r.ledger.Request(ctx, id)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("one of them is %s (%s): %s", request.State, request.Outcome, request.Problem)
}

func (r *ramp) seen() *effects { return r.effects }

// ended counts the requests that the ledger says have ended: proven, recorded.
func (r *ramp) ended(ctx context.Context) (int, error) {
	for {
		events, err := r.ledger.Events(ctx, ledger.EventFilter{After: r.after, Limit: 1000})
		if err != nil || len(events) == 0 {
			return r.endCount, err
		}
		for _, e := range events {
			r.after = e.Seq
			if e.Kind == access.EventAccessEnded {
				r.endCount++
			}
		}
	}
}

func (r *ramp) stop() {
	if r.worker != nil {
		r.worker.Stop()
	}
	r.ledger.Close()
}
