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

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
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
	opening         *opening
	process         string // names this process beside others that serve the same targets
	deployment      builds.Config
	metrics         *metrics
	clock           *endClock
	metricsListener net.Listener       // nil: metrics are not served
	control         worker.Worker      // nil: this worker has no control
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
	opening := openTargets(ctx, c.Targets, d.Targets, d.Ledger, d.Signer, d.Keyring)
	w := &Worker{Broker: opening.broker, opening: opening, process: access.NewRequestID(), deployment: c.Deployment}
	w.metrics, w.clock = newMetrics(w.Broker), &endClock{ledger: d.Ledger.Now}
	if err := w.serve(ctx, c, d); err != nil {
		w.Stop()
		return nil, err
	}
	return w, nil
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
func (w *Worker) startQueue(d Deps, queue string, slots int, all jobs, register func(worker.Registry)) (worker.Worker, error) {
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
	return tw, tw.Start()
}

// Stop lets running activities finish, within stopWithin, and stops polling.
func (w *Worker) Stop() {
	var control sync.WaitGroup
	if w.control != nil {
		control.Go(w.control.Stop)
	}
	if w.stop != nil {
		w.stop()
		w.background.Wait()
	}
	control.Wait()
	if w.metricsListener != nil {
		w.metricsListener.Close()
	}
}
