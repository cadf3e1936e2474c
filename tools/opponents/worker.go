package opponents

import (
	"context"
	"errors"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
)

// Lie returns the result of an activity in the place of Ramp's worker. It is given the input as
// Temporal carries it: JSON, or what was encrypted.
type Lie func(ctx context.Context, input []byte) (any, error)

// ErrNotMine makes the worker refuse a task, so that Temporal gives it to another
// when it is tried again.
var ErrNotMine = errors.New("this opponent does not want this task")

// Worker polls one of Ramp's task queues beside the workers that belong there.
type Worker struct {
	polls worker.Worker
	mu    sync.Mutex
	told  map[string]int
}

// StartWorker polls a queue until Stop. It has more pollers than Ramp's workers, so
// that most tasks come to it. An activity that it has no lie for is refused.
func StartWorker(c client.Client, queue string, lies map[string]Lie) (*Worker, error) {
	w := &Worker{told: map[string]int{}, polls: worker.New(c, queue, worker.Options{
		DisableWorkflowWorker: true, MaxConcurrentActivityTaskPollers: 20})}
	w.polls.RegisterDynamicActivity(func(ctx context.Context, args converter.EncodedValues) (any, error) {
		name := activity.GetInfo(ctx).ActivityType.Name
		lie, ok := lies[name]
		if !ok {
			return nil, ErrNotMine
		}
		var raw converter.RawValue
		if err := args.Get(&raw); err != nil {
			return nil, err
		}
		w.mu.Lock()
		w.told[name]++
		w.mu.Unlock()
		return lie(ctx, raw.Payload().GetData())
	}, activity.DynamicRegisterOptions{})
	return w, w.polls.Start()
}

// Told returns how often it was given an activity that it has a lie for.
func (w *Worker) Told(activity string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told[activity]
}

// Stop stops polling.
func (w *Worker) Stop() { w.polls.Stop() }

// Says is a lie that is always the same.
func Says(answer any) Lie {
	return func(context.Context, []byte) (any, error) { return answer, nil }
}

// Keeps takes a task and never completes it.
func Keeps(ctx context.Context, _ []byte) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
