package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/gateway"
	"ramp.dev/ramp/workflows"
)

// crowd is a gateway by which requests sleep as soon as they are asked for: more of them
// than could be opened one by one. Each has its signed plan, decision and receipt, its
// rows and events in the ledger, its file, and its workflow, which begins as one that
// continues as new in the middle of its access. What it lacks are the events of asking,
// deciding and opening in Temporal; measureSleeping has those.
type crowd struct {
	*gateway.Gateway
	temporal         client.Client
	ledger           *ledger.Ledger
	signer, receipts *evidence.Signer
	folder           *folder
	asleep           atomic.Int64
}

// Start implements app.Gateway.
func (c *crowd) Start(ctx context.Context, plan access.Plan, signed evidence.Envelope) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	bob := access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}}
	decision := access.Decision{RequestID: plan.RequestID, PlanDigest: plan.Digest, Verdict: access.Approve, Approver: bob, At: now}
	approval, err := c.signer.SignDecision(decision)
	if err != nil {
		return err
	}
	g, err := plan.Grant(plan.Grants[0].Name, now.Truncate(time.Second).Add(plan.Duration.Std()))
	if err != nil {
		return err
	}
	if err := c.record(ctx, decision, approval, g, plan.Grants[0].Scope); err != nil {
		return err
	}
	in, err := workflows.NewAccessRequestInput(signed)
	if err != nil {
		return err
	}
	tally, stages := plan.Rule.Tally(plan, plan.Digest, []access.Decision{decision})
	in.State = &workflows.RequestState{State: access.StateActive, Tally: tally, Stages: stages, Decisions: []evidence.Envelope{approval},
		Deciders: []workflows.Decider{{Human: bob.HumanID(), Verdict: access.Approve}}, ActiveAt: now, ExpiresAt: g.ExpiresAt,
		EndingBound: c.folder.Bounds().Ending}
	options := client.StartWorkflowOptions{ID: workflows.AccessWorkflowID(plan.RequestID), TaskQueue: workflows.ControlQueue, EnableEagerStart: true,
		TypedSearchAttributes: workflows.InitialSearchAttributes(plan), StaticSummary: workflows.Summary(plan), StaticDetails: workflows.Details(plan)}
	// The worker, which is in this process, gets the first task with the start. Through the
	// queue, starting went before everything else that asks the database, and nearly all
	// first tasks still waited when the last was started.
	// What Temporal was too busy to start is started again: here nothing else does that.
	err = await(context.WithoutCancel(ctx), time.Second, "until a workflow is started", func() (bool, error) {
		_, err = c.temporal.ExecuteWorkflow(ctx, options, workflows.AccessRequestType, in)
		return err == nil, nil
	})
	if err == nil {
		c.asleep.Add(1)
	}
	return err
}

// record writes what deciding and opening write, and the file.
func (c *crowd) record(ctx context.Context, d access.Decision, approval evidence.Envelope, g access.Grant, scope access.Scope) error {
	receipt, err := c.receipts.SignReceipt(access.Receipt{RequestID: g.RequestID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptOpened,
		At: d.At, Principal: g.Principal, Entitlement: g.Entitlement, Scope: &scope, ExpiresAt: &g.ExpiresAt})
	if err != nil {
		return err
	}
	said, err := json.Marshal(approval)
	if err != nil {
		return err
	}
	opened, err := json.Marshal(receipt)
	if err != nil {
		return err
	}
	if err := c.ledger.Advance(ctx, access.DecisionRecorded(d, said)); err != nil {
		return err
	}
	if err := c.ledger.IntendGrant(ctx, g, d.At); err != nil {
		return err
	}
	if err := c.folder.Grant(ctx, g); err != nil {
		return err
	}
	return c.ledger.MarkOpened(ctx, g.Name, d.At, access.Transition{RequestID: g.RequestID, At: d.At, Statements: []access.Statement{
		{RequestID: g.RequestID, Key: string(access.ReceiptOpened) + " " + g.Name, Envelope: opened}}},
		access.Activation(g.RequestID, d.At, g.ExpiresAt))
}

// sleep has n people's access sleep, and says how far it is.
func (r *ramp) sleep(ctx context.Context, n int, length func() time.Duration) error {
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(people)
	before, began := r.crowd.asleep.Load(), time.Now()
	for i := range n {
		g.Go(func() error { _, err := r.ask(asking, length()); return err })
		if i%5000 == 4999 {
			progress("%d of %d asked, %.0f a second", i+1, n, float64(i+1)/time.Since(began).Seconds())
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	// Tasks wait in a queue while more is asked for. Counting reads every row of Temporal's
	// list: a second at 100,000, in which SQLite does nothing else.
	between := max(time.Second, time.Duration(n)*500*time.Microsecond)
	return awaitWithin(ctx, time.Hour, between, "until all are asleep", func() (bool, error) {
		running, err := r.crowd.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: "WorkflowType = '" + workflows.AccessRequestType + "' AND " + workflows.AttrState.GetName() + " != '" + string(access.StatePending) + "'"})
		return running.GetCount() >= r.crowd.asleep.Load() && r.crowd.asleep.Load()-before >= int64(n), err
	})
}

// crowded is what a process that fills a crowd says.
type crowded struct {
	slept
	Filled  time.Duration
	CPUEach float64   // ms, of filling one
	Expires time.Time // of those that end soon
}

// resumed is what a process that takes a crowd over says.
type resumed struct {
	slept
	Ready time.Duration
	// Lags are how long after their end the access of those that ended was gone, sorted;
	// Recorded is when the ledger had the last of them as ended.
	Lags     []time.Duration
	Recorded time.Duration
}

// endSoon is how many of a crowd end while they are watched, all at once.
const endSoon = 1000

// fillCrowd makes n sleepers, of whom the last endSoon end together in soon, and watches
// them.
func fillCrowd(ctx context.Context, r *ramp, n int, profile string) (crowded, error) {
	cpu, began := cpuTime(), time.Now()
	if err := r.sleep(ctx, n-endSoon, fixed(12*time.Hour)); err != nil {
		return crowded{}, err
	}
	c := crowded{Filled: time.Since(began), CPUEach: (cpuTime() - cpu).Seconds() * 1000 / float64(n-endSoon)}
	c.Expires = time.Now().Truncate(time.Second).Add(soon)
	if err := r.sleep(ctx, endSoon, func() time.Duration { return time.Until(c.Expires).Truncate(time.Second) + time.Second }); err != nil {
		return c, err
	}
	var err error
	c.slept, err = settle(ctx, profile)
	return c, err
}

// soon is when those end that end soon: after the process that filled the crowd was
// watched and killed, and the next one was watched.
const soon = 5 * time.Minute

// resumeCrowd waits in a new process until those that end together have ended.
func resumeCrowd(ctx context.Context, r *ramp, expires, began time.Time) (resumed, error) {
	re := resumed{Ready: time.Since(began)}
	var err error
	if re.slept, err = settle(ctx, ""); err != nil {
		return re, err
	}
	if err := awaitEnded(ctx, r, endSoon); err != nil {
		return re, err
	}
	re.Recorded = time.Since(expires)
	re.Lags = r.seen().since(expires)
	return re, nil
}

// measureCrowd has many sleepers on one machine: what they take, how the process is
// started again after a kill, and how a thousand of them end.
func measureCrowd(ctx context.Context, b *bench) error {
	if b.n < 2*endSoon {
		b.n = b.size(20000, 100000)
	}
	t := task{what: "crowd", side: crowdSide, dir: filepath.Join(b.dir, "crowd"), n: b.n, profile: b.profile}
	defer os.RemoveAll(t.dir)
	c, cmd, err := begin[crowded](ctx, t)
	if err != nil {
		return err
	}
	if err := cmd.Process.Kill(); err != nil {
		return err
	}
	_ = cmd.Wait() // it was killed
	temporal, own := size(filepath.Join(t.dir, "temporal")), size(filepath.Join(t.dir, "ledger.db"))
	t.what, t.profile, t.expires = "resume", "", c.Expires
	re, err := call[resumed](ctx, t)
	if err != nil {
		return err
	}
	add := func(name, unit string, v float64) { b.table.add(name, unit, figures{rampSide: v}) }
	add("sleepers", "", float64(b.n))
	add("sleepers: filling, each a second", "1/s", float64(b.n-endSoon)/c.Filled.Seconds())
	add("sleepers: CPU of filling one", "ms", c.CPUEach)
	add("sleepers: memory of the process", "MiB", c.Memory/1024/1024)
	add("sleepers: CPU of the process", "%", c.CPU)
	add("sleepers: Temporal's database, each", "KiB", temporal/1024/float64(b.n))
	add("sleepers: ledger, each", "KiB", own/1024/float64(b.n))
	add("sleepers: ready after a kill", "s", re.Ready.Seconds())
	add("sleepers: memory after the restart", "MiB", re.Memory/1024/1024)
	add("sleepers: CPU after the restart", "%", re.CPU)
	b.table.addLags("sleepers: 1,000 end at once, gone after", map[string][]time.Duration{rampSide: re.Lags})
	add("sleepers: 1,000 end at once, the last recorded", "s", re.Recorded.Seconds())
	return nil
}
