package opponents

import (
	"context"
	"sync"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

// Impostor is a workflow of the opponent's own, which stands in the place of a
// request's: it replies to the server with lies, and does nothing.
type Impostor struct {
	queue string
	polls worker.Worker
	mu    sync.Mutex
	heard Statements
}

// Answer is an impostor's reply to one of the server's messages.
type Answer func(evidence.Envelope) (any, error)

// StartImpostor runs the worker of an impostor until Stop. answers are by the name
// of the update; a message that has none is taken with an empty answer.
func StartImpostor(c client.Client, answers map[string]Answer) (*Impostor, error) {
	i := &Impostor{queue: "opponent-" + access.NewRequestID()}
	i.polls = worker.New(c, i.queue, worker.Options{})
	i.polls.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ any) error {
		for _, name := range []string{workflows.UpdateDecide, workflows.UpdateExtend, workflows.UpdatePickUp} {
			err := workflow.SetUpdateHandler(ctx, name, func(_ workflow.Context, m workflows.SignedStatement) (any, error) {
				i.mu.Lock()
				i.heard = append(i.heard, m.Envelope)
				i.mu.Unlock()
				if answer, ok := answers[name]; ok {
					return answer(m.Envelope)
				}
				return map[string]any{}, nil
			})
			if err != nil {
				return err
			}
		}
		return workflow.Await(ctx, func() bool { return false }) // until it is terminated
	}, workflow.RegisterOptions{Name: workflows.AccessRequestType})
	return i, i.polls.Start()
}

// Replaces puts the impostor in the place of a request's workflow.
func (i *Impostor) Replaces(ctx context.Context, a Administrator, requestID string) error {
	return a.Start(ctx, requestID, i.queue, workflows.AccessRequestType, nil)
}

// Heard returns the signed statements that the server has sent to it.
func (i *Impostor) Heard() Statements {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append(Statements{}, i.heard...)
}

// Stop stops answering.
func (i *Impostor) Stop() { i.polls.Stop() }
