package worker

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/directorysync"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/reconcile"
	"ramp.dev/ramp/worker/builds"
	"ramp.dev/ramp/workflows"
)

// Worker is a running set of Temporal workers: one for control and two for each
// target, so that a slow target delays no other, and opening does not delay
// closing.
type Worker struct {
	Broker          *integrations.Broker
	deployment      builds.Config
	metrics         *metrics
	clock           *endClock
	metricsListener net.Listener // nil: metrics are not served
	running         []worker.Worker
	stop            context.CancelFunc // of what runs beside them
	background      sync.WaitGroup
}

// Deps are what a worker works with.
type Deps struct {
	Temporal client.Client
	Ledger   *ledger.Ledger
	Keyring  evidence.Keyring // the server keys whose statements it accepts
	Signer   *evidence.Signer // the worker's own, for receipts; nil stores none
	Log      logrus.FieldLogger
	// Targets are served beside the configured ones: those that the caller opened
	// itself, for benchmarks and tests. The fields of every kind come from the
	// configuration, if it has the target too.
	Targets map[string]integrations.Target
	Alarms  reconcile.Alarms // nil: they are only logged
}

// stopWithin is how long Stop lets running activities finish; Temporal's own
// default would cut them off.
const stopWithin = 10 * time.Second

// Start opens the targets and starts polling.
func Start(ctx context.Context, c Config, d Deps) (*Worker, error) {
	w := &Worker{Broker: openTargets(ctx, c.Targets, d.Targets, d.Ledger, d.Signer), deployment: c.Deployment}
	w.metrics, w.clock = newMetrics(w.Broker), &endClock{ledger: d.Ledger.Now}
	if err := w.serve(ctx, c, d); err != nil {
		w.Stop()
		return nil, err
	}
	return w, nil
}

// serve starts a worker for each queue: control, and two for each target.
func (w *Worker) serve(ctx context.Context, c Config, d Deps) (err error) {
	every, err := c.Reconcile.every()
	if err != nil {
		return err
	}
	observe := newReconcileMetrics(w.metrics.registry)
	alarms := alarms{log: d.Log, next: d.Alarms}
	looks := &lastLooks{at: map[string]time.Time{}}
	observed := func(r reconcile.Report) { looks.note(r.Target); observe.observeReport(r) }
	watches, closers := []watch{}, []*activities.Closer{}
	reconciler := activities.Reconciler{ObserveReport: observed, With: reconcile.Reconciler{
		Broker: w.Broker, Ledger: d.Ledger, Runs: newRuns(d.Temporal), Alarms: alarms, Log: d.Log}}
	if c.Metrics != "" {
		if w.metricsListener, err = w.metrics.serve(c.Metrics); err != nil {
			return err
		}
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	var all jobs
	var events *feed.Feed
	if c.Control || c.Notices.On() {
		events = feed.New(d.Ledger, d.Log, feed.Options{})
		w.background.Go(func() { events.Run(background) })
	}
	if c.Notices.On() {
		w.sendNotices(background, c.Notices, d, events)
	}
	if c.Control {
		reconciler.With.Redeliver = redeliverDecisions(d.Temporal, d.Ledger)
		directory := directorysync.New(newDirectoryLedger(d), directoryRuns{d.Temporal, d.Ledger, d.Signer}, d.Log)
		all.add(controlJobs(&reconciler, every, events, directory))
		hooks, err := webhookJobs(c.Webhooks, events, d)
		if err != nil {
			return err
		}
		all.add(hooks)
		w.background.Go(func() { directory.Watch(background) })
		watches = append(watches, watch{every: every, looks: looks, with: reconciler.With, observe: observed, now: d.Ledger.Now, log: d.Log,
			look: func(ctx context.Context, with *reconcile.Reconciler) (reconcile.Report, error) {
				return with.ReconcileRequests(ctx)
			}})
		w.metrics.registry.MustRegister(openGrantsCollector{d.Ledger}, feed.Metrics{Ledger: d.Ledger})
		if err := w.startQueue(d, workflows.ControlQueue, defaultSlots, all, func(r worker.Registry) {
			workflows.Register(r)
			(&activities.Control{Ledger: d.Ledger, Keyring: d.Keyring, Alarms: alarms, Directory: d.Ledger}).Register(r)
		}); err != nil {
			return err
		}
	}
	for _, name := range w.Broker.Names() {
		if err := w.Broker.Ping(ctx, name); err != nil {
			d.Log.WithField("target", name).WithError(err).Error("a target cannot be reached; the others run")
		}
		t := &activities.Targets{Broker: w.Broker, Ledger: d.Ledger, Keyring: d.Keyring, Signer: d.Signer, ObserveLag: observe.observeLag, Directory: d.Ledger,
			PasskeyApprovals: c.RequiredPasskeyApprovals()}
		if d.Signer != nil {
			t.Workers = evidence.NewKeyring(d.Signer.Public())
		}
		w.background.Go(func() { keepMeanings(background, t, name, d.Log) })
		w.background.Go(func() { keepInventories(background, t, name, d.Log) })
		closers = append(closers, &activities.Closer{Targets: t, Due: d.Ledger, Target: name, Clock: w.clock.Now, Log: d.Log})
		withTarget := reconciler
		withTarget.With.RevokeAndVerify, withTarget.With.VerifyGrant = t.RevokeAndVerify, t.VerifyGrant
		all.add(targetJobs(name, &withTarget, every))
		watches = append(watches, watch{target: name, every: every, looks: looks, with: withTarget.With, observe: observed, now: d.Ledger.Now, log: d.Log,
			look: func(ctx context.Context, with *reconcile.Reconciler) (reconcile.Report, error) {
				return with.ReconcileTarget(ctx, name)
			}})
		if err := w.startQueue(d, workflows.TargetQueue(name), defaultSlots, all, func(r worker.Registry) {
			t.Register(r)
			t.RegisterClosing(r) // work scheduled by an older version comes here
		}); err != nil {
			return err
		}
		if err := w.startQueue(d, workflows.CloseQueue(name), closeSlots(w.Broker.Rate(name)), all, func(r worker.Registry) { t.RegisterClosing(r) }); err != nil {
			return err
		}
	}
	w.background.Go(func() { jobKeeper{temporal: d.Temporal, jobs: all, log: d.Log}.run(background) })
	for _, each := range closers {
		w.background.Go(func() { each.Run(background) })
	}
	for _, each := range watches {
		looks.note(each.target) // a worker that has just started is not late
		w.background.Go(func() { each.run(background) })
	}
	if c.Control && c.Deployment.On() {
		w.background.Go(func() { builds.New(d.Temporal, c.Deployment).LogCurrent(background, d.Log) })
	}
	return nil
}

// defaultSlots is how many activities of one queue run at once; Temporal's own.
const defaultSlots = 1000

// stickyWithin is how long a workflow's next task waits for the worker that
// remembers it (sticky execution). If that worker has died, this time is lost. If it
// is too short, a flood of tasks makes itself larger: each task that waits longer
// is made again, on any worker, which replays the whole history.
const stickyWithin = 5 * time.Second

// workflowPollers is how many calls for workflow tasks wait at Temporal at once.
// With the SDK's two, a call's own time bounds how many endings a second there
// can be, long before anything is busy; a call that waits costs next to nothing.
const workflowPollers = 10

// closeSlots is how many grants of a target are closed at once: as many as go
// through within half a minute while others want their turns too. More would
// only wait here, against their timeouts, and not in the order of their ends.
func closeSlots(r pacing.Rate) int {
	const operations, share = 3, 2 // revoke, once more, read back; every other turn
	return max(4, min(defaultSlots, int(r.PerSecond*30/(operations*share))))
}

// startQueue starts the worker of one queue, with the standing jobs that run there.
func (w *Worker) startQueue(d Deps, queue string, slots int, all jobs, register func(worker.Registry)) error {
	tw := worker.New(d.Temporal, queue, worker.Options{
		WorkerStopTimeout:                  stopWithin,
		DisableRegistrationAliasing:        true,
		DisableWorkflowWorker:              queue != workflows.ControlQueue,
		MaxConcurrentActivityTaskPollers:   4,
		MaxConcurrentWorkflowTaskPollers:   workflowPollers,
		MaxConcurrentActivityExecutionSize: slots,
		StickyScheduleToStartTimeout:       stickyWithin,
		Interceptors:                       []interceptor.WorkerInterceptor{w.metrics, w.clock},
		DeploymentOptions:                  w.deployment.Options(queue),
		OnFatalError:                       func(err error) { d.Log.WithError(err).WithField("queue", queue).Error("worker stopped") },
	})
	register(tw)
	for _, j := range all.on(queue) {
		j.register(tw)
	}
	if err := tw.Start(); err != nil {
		return err
	}
	w.running = append(w.running, tw)
	return nil
}

// Stop lets running activities finish, within stopWithin, and stops polling.
func (w *Worker) Stop() {
	if w.stop != nil {
		w.stop()
		w.background.Wait()
	}
	done := make(chan struct{})
	for _, tw := range w.running {
		go func() { tw.Stop(); done <- struct{}{} }()
	}
	for range w.running {
		<-done
	}
	if w.metricsListener != nil {
		w.metricsListener.Close()
	}
}
