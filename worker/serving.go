package worker

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/worker"

	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/directorysync"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/reconcile"
	"ramp.dev/ramp/worker/builds"
	"ramp.dev/ramp/workflows"
)

// serving is a worker that is being started: what its queues share, and what runs beside
// them once all are polled.
type serving struct {
	*Worker
	config     Config
	deps       Deps
	every      time.Duration   // between two passes of the reconciler
	untilStop  context.Context // ends when the worker stops
	alarms     alarms
	metered    *reconcileMetrics
	looks      *lastLooks
	reconciler activities.Reconciler
	events     *feed.Feed // nil: nothing here reads events
	jobs       jobs       // those of the control queue
	watches    []watch    // over the requests
}

// serve starts a worker for each queue: control, and two for each target that is its own.
func (w *Worker) serve(ctx context.Context, c Config, d Deps) error {
	s, err := w.prepare(ctx, c, d)
	if err != nil {
		return err
	}
	if c.Notices.On() {
		w.sendNotices(s.untilStop, c.Notices, d, s.events)
	}
	if c.Control {
		if err := s.serveControl(); err != nil {
			return err
		}
	}
	own := &ownTargets{serving: s}
	if err := own.start(ctx); err != nil {
		own.stopAll()
		return err
	}
	s.beside(own.run)
	s.runBeside()
	return nil
}

// prepare makes what all queues share, and opens the port of the metrics.
func (w *Worker) prepare(ctx context.Context, c Config, d Deps) (*serving, error) {
	every, err := c.Reconcile.every()
	if err != nil {
		return nil, err
	}
	s := &serving{Worker: w, config: c, deps: d, every: every, alarms: alarms{log: d.Log, next: d.Alarms},
		metered: newReconcileMetrics(w.metrics.registry), looks: &lastLooks{at: map[string]time.Time{}}}
	s.reconciler = activities.Reconciler{ObserveReport: s.observe, With: reconcile.Reconciler{
		Broker: w.Broker, Ledger: d.Ledger, Runs: newRuns(d.Temporal), Alarms: s.alarms, Log: d.Log}}
	if c.Metrics != "" {
		if w.metricsListener, err = w.metrics.serve(c.Metrics); err != nil {
			return nil, err
		}
	}
	s.untilStop, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	if c.Control || c.Notices.On() {
		s.events = feed.New(d.Ledger, d.Log, feed.Options{})
		s.beside(s.events.Run)
	}
	return s, nil
}

func (s *serving) observe(r reconcile.Report) {
	s.looks.note(r.Target)
	s.metered.observeReport(r)
}

// serveControl starts the queue of workflows and of the ledger's activities.
func (s *serving) serveControl() error {
	c, d := s.config, s.deps
	s.reconciler.With.Redeliver = redeliverDecisions(d.Temporal, d.Ledger)
	directory := directorysync.New(newDirectoryLedger(d), directoryRuns{d.Temporal, d.Ledger, d.Signer}, d.Log)
	s.jobs.add(controlJobs(&s.reconciler, s.every, s.events, directory))
	hooks, err := webhookJobs(c.Webhooks, s.events, d)
	if err != nil {
		return err
	}
	s.jobs.add(hooks)
	streams, err := s.sinkJobs()
	if err != nil {
		return err
	}
	s.jobs.add(streams)
	s.watchSinks()
	s.beside(directory.Watch)
	s.watches = append(s.watches, s.watch("", s.reconciler.With, func(ctx context.Context, with *reconcile.Reconciler) (reconcile.Report, error) {
		return with.ReconcileRequests(ctx)
	}))
	s.metrics.registry.MustRegister(openGrantsCollector{d.Ledger}, feed.Metrics{Ledger: d.Ledger})
	s.control, err = s.startQueue(d, workflows.ControlQueue, defaultSlots, s.jobs, func(r worker.Registry) {
		workflows.Register(r)
		(&activities.Control{Ledger: d.Ledger, Keyring: d.Keyring, Alarms: s.alarms, Directory: d.Ledger}).Register(r)
	})
	return err
}

// targets are the activities of this worker's targets.
func (s *serving) targets() *activities.Targets {
	d := s.deps
	t := &activities.Targets{Broker: s.Broker, Ledger: d.Ledger, Keyring: d.Keyring, Signer: d.Signer, ObserveLag: s.metered.observeLag, Directory: d.Ledger,
		PasskeyApprovals: s.config.RequiredPasskeyApprovals()}
	if d.Signer != nil {
		t.Workers = evidence.NewKeyring(d.Signer.Public())
	}
	return t
}

// serveTarget starts the two queues of a target, one that opens and one that closes, and
// what runs beside them until ctx ends. What it returns stops the queues, also where one of
// them could not be started.
func (s *serving) serveTarget(ctx context.Context, name string, running *sync.WaitGroup) (stop func(), err error) {
	d, log, t := s.deps, s.deps.Log.WithField("target", name), s.targets()
	beside := func(run func(context.Context)) { running.Go(func() { run(ctx) }) }
	reconciler := s.reconciler
	reconciler.With.RevokeAndVerify, reconciler.With.VerifyGrant = t.RevokeAndVerify, t.VerifyGrant
	jobs := targetJobs(name, &reconciler, s.every)
	var queues []worker.Worker
	stop = func() {
		var stopping sync.WaitGroup
		for _, q := range queues {
			stopping.Go(q.Stop)
		}
		stopping.Wait()
	}
	start := func(queue string, slots int, register func(worker.Registry)) {
		if err != nil {
			return
		}
		var q worker.Worker
		if q, err = s.startQueue(d, queue, slots, jobs, register); err == nil {
			queues = append(queues, q)
		}
	}
	start(workflows.TargetQueue(name), defaultSlots, func(r worker.Registry) {
		t.Register(r)
		t.RegisterClosing(r) // work scheduled by an older version comes here
	})
	start(workflows.CloseQueue(name), closeSlots(s.Broker.Rate(name)), func(r worker.Registry) { t.RegisterClosing(r) })
	if err != nil {
		return stop, err
	}
	beside((&targetKeeper{serving: s, name: name, log: log}).run)
	beside(func(ctx context.Context) { keepMeanings(ctx, t, name, log) })
	beside(func(ctx context.Context) { keepInventories(ctx, t, name, log) })
	beside(s.closer(t, name).Run)
	s.looks.note(name) // what has just started is not late
	beside(s.watch(name, reconciler.With, func(ctx context.Context, with *reconcile.Reconciler) (reconcile.Report, error) {
		return with.ReconcileTarget(ctx, name)
	}).run)
	beside(jobKeeper{temporal: d.Temporal, jobs: jobs, log: d.Log}.run)
	return stop, nil
}

// closer is the closer of a target.
func (s *serving) closer(t *activities.Targets, name string) *activities.Closer {
	return &activities.Closer{Targets: t, Due: s.deps.Ledger, Target: name, Clock: s.clock.Now, Log: s.deps.Log}
}

// watch is the watch over one target, or over the requests if target is empty.
func (s *serving) watch(target string, with reconcile.Reconciler, look func(context.Context, *reconcile.Reconciler) (reconcile.Report, error)) watch {
	return watch{target: target, every: s.every, looks: s.looks, with: with, look: look, observe: s.observe, now: s.deps.Ledger.Now, log: s.deps.Log}
}

// beside runs something beside the queues until the worker stops.
func (s *serving) beside(run func(context.Context)) {
	s.background.Go(func() { run(s.untilStop) })
}

// runBeside starts what the queue of workflows needs beside it.
func (s *serving) runBeside() {
	s.beside(jobKeeper{temporal: s.deps.Temporal, jobs: s.jobs, log: s.deps.Log}.run)
	for _, each := range s.watches {
		s.looks.note(each.target) // a worker that has just started is not late
		s.beside(each.run)
	}
	if s.config.Control && s.config.Deployment.On() {
		s.beside(func(ctx context.Context) {
			builds.New(s.deps.Temporal, s.config.Deployment).LogCurrent(ctx, s.deps.Log)
		})
	}
}
