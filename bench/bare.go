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

const bareQueue = "bench-bare"

// bareInput is what the floor is told: as little as can be.
type bareInput struct {
	Pending, Access time.Duration
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
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute,
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

// bare is the floor as a side.
type bare struct {
	temporal client.Client
	effects  *effects
	worker   worker.Worker
}

// startBare starts a worker of its own, with what Ramp's has that bears on speed.
func startBare(askers, workers client.Client) (*bare, error) {
	b := &bare{temporal: askers, effects: newEffects()}
	b.worker = worker.New(workers, bareQueue, worker.Options{MaxConcurrentActivityTaskPollers: 4, MaxConcurrentWorkflowTaskPollers: 10})
	b.worker.RegisterWorkflowWithOptions(bareLife, workflow.RegisterOptions{Name: "bare"})
	id := func(ctx context.Context) string { return activity.GetInfo(ctx).WorkflowExecution.ID }
	b.worker.RegisterActivityWithOptions(func(ctx context.Context, expires time.Time) error {
		b.effects.open(id(ctx), expires)
		return nil
	}, activity.RegisterOptions{Name: "open"})
	b.worker.RegisterActivityWithOptions(func(ctx context.Context) error {
		b.effects.close(id(ctx))
		return nil
	}, activity.RegisterOptions{Name: "close"})
	return b, b.worker.Start()
}

func (b *bare) name() string { return "bare" }

func (b *bare) ask(ctx context.Context, d time.Duration) (string, error) {
	run, err := b.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "bare-" + access.NewRequestID(), TaskQueue: bareQueue}, "bare", bareInput{Pending: time.Hour, Access: d})
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

func (b *bare) seen() *effects { return b.effects }

func (b *bare) ended(context.Context) (int, error) { return b.effects.countClosed(), nil }

func (b *bare) stop() { b.worker.Stop() }
