package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
)

// bareInput is what a floor is told: as little as can be.
type bareInput struct {
	Pending, Access time.Duration
	Queue           string // of the two activities
}

// bareLife waits for an approval, runs an empty activity, waits for the expiry
// (on a whole second, as Ramp's), and runs another.
func bareLife(ctx workflow.Context, in bareInput) error {
	approved := false
	if err := workflow.SetUpdateHandler(ctx, "approve", func(workflow.Context) error { approved = true; return nil }); err != nil {
		return err
	}
	if ok, err := workflow.AwaitWithTimeout(ctx, in.Pending, func() bool { return approved }); err != nil || !ok {
		return err
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: in.Queue, StartToCloseTimeout: time.Minute,
		RetryPolicy: &temporal.RetryPolicy{MaximumInterval: 30 * time.Second}})
	expires := workflow.Now(ctx).Truncate(time.Second).Add(in.Access)
	if err := workflow.ExecuteActivity(ctx, "open", expires).Get(ctx, nil); err != nil {
		return err
	}
	if err := workflow.Sleep(ctx, expires.Sub(workflow.Now(ctx))); err != nil {
		return err
	}
	return workflow.ExecuteActivity(ctx, "close").Get(ctx, nil)
}

// bare is a floor as a side.
type bare struct {
	as       string
	temporal client.Client
	effects  *effects
	queue    string // of the workflows
	acts     string // the queue of the two activities
	workers  []worker.Worker
}

// Names of the sides.
const (
	rampSide = "ramp"
	bareSide = "bare"
	// apartSide is the floor whose activities are on the queue of another worker. That
	// is what it costs to keep a target's credentials with its own worker: Temporal
	// hands an activity to the worker that asked for it without a queue between them
	// only where both are on one queue.
	apartSide = "apart"
	// crowdSide is Ramp with a gateway that makes sleepers.
	crowdSide = "crowd"
)

func allSides() []string { return []string{bareSide, rampSide, apartSide} }

func newBare(as string, askers client.Client) *bare {
	b := &bare{as: as, temporal: askers, effects: newEffects(), queue: "bench-" + as, acts: "bench-" + as}
	if as == apartSide {
		b.acts += "-activities"
	}
	return b
}

// work starts the workers of a floor, with what Ramp's have that bears on speed.
func (b *bare) work(_ context.Context, workers client.Client) error {
	options := worker.Options{MaxConcurrentActivityTaskPollers: 4, MaxConcurrentWorkflowTaskPollers: 10}
	flow := worker.New(workers, b.queue, options)
	flow.RegisterWorkflowWithOptions(bareLife, workflow.RegisterOptions{Name: "bare"})
	b.workers = append(b.workers, flow)
	acts := flow
	if b.acts != b.queue {
		options.DisableWorkflowWorker = true
		acts = worker.New(workers, b.acts, options)
		b.workers = append(b.workers, acts)
	}
	id := func(ctx context.Context) string { return activity.GetInfo(ctx).WorkflowExecution.ID }
	acts.RegisterActivityWithOptions(func(ctx context.Context, expires time.Time) error {
		b.effects.open(id(ctx), expires)
		return nil
	}, activity.RegisterOptions{Name: "open"})
	acts.RegisterActivityWithOptions(func(ctx context.Context) error {
		b.effects.close(id(ctx))
		return nil
	}, activity.RegisterOptions{Name: "close"})
	for _, w := range b.workers {
		if err := w.Start(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bare) name() string { return b.as }

func (b *bare) ask(ctx context.Context, d time.Duration) (string, error) {
	run, err := b.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: b.as + "-" + access.NewRequestID(), TaskQueue: b.queue}, "bare", bareInput{Pending: time.Hour, Access: d, Queue: b.acts})
	if err != nil {
		return "", err
	}
	return run.GetID(), nil
}

func (b *bare) approve(ctx context.Context, id string) error {
	h, err := b.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: id, UpdateName: "approve",
		WaitForStage: client.WorkflowUpdateStageCompleted})
	if err != nil {
		return err
	}
	return h.Get(ctx, nil)
}

func (b *bare) why(context.Context, string) string { return "nobody knows why" }

func (b *bare) seen() *effects { return b.effects }

func (b *bare) ended(context.Context) (int, error) { return b.effects.countClosed(), nil }

func (b *bare) stop() {
	for _, w := range b.workers {
		w.Stop()
	}
}
