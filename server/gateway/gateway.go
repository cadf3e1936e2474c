// Package gateway is the server's Temporal client: it starts workflows and
// carries messages to them, and turns their errors back into Ramp's.
package gateway

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

// Gateway talks to Temporal. It is safe for concurrent use.
type Gateway struct {
	temporal client.Client
	workers  evidence.Keyring // an empty one verifies nothing
	meanings Meanings         // nil: every question goes to a worker
	scopes   resolveCache
}

// Meanings is where workers keep, signed, what entitlements mean.
type Meanings interface {
	Meaning(ctx context.Context, target, entitlement string) ([]byte, error)
}

// UseMeanings has g look there before it asks a worker, if workers' keys are known.
func (g *Gateway) UseMeanings(m Meanings) *Gateway {
	g.meanings = m
	return g
}

// New uses an existing client. What workers resolve is verified with their public
// keys; where there are none, everybody who may write to Temporal's namespace is believed.
func New(c client.Client, workers evidence.Keyring) *Gateway {
	return &Gateway{temporal: c, workers: workers}
}

// callTimeout bounds calls for whose result a person waits.
const callTimeout = 15 * time.Second

// Start starts a request's workflow; starting it again is no error.
func (g *Gateway) Start(ctx context.Context, plan access.Plan, signed evidence.Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := workflows.Start(ctx, g.temporal, signed)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return nil
	}
	return api.FromTemporal(err)
}

// Decide carries a signed decision and returns what all decisions add up to.
func (g *Gateway) Decide(ctx context.Context, id string, signed evidence.Envelope) (workflows.DecideResult, error) {
	return update[workflows.DecideResult](ctx, g, id, workflows.UpdateDecide, signed)
}

// Extend carries a signed order to extend.
func (g *Gateway) Extend(ctx context.Context, id string, signed evidence.Envelope) (workflows.ExtendResult, error) {
	return update[workflows.ExtendResult](ctx, g, id, workflows.UpdateExtend, signed)
}

// PickUp carries a signed order for a credential and returns it, sealed.
func (g *Gateway) PickUp(ctx context.Context, id string, signed evidence.Envelope) (evidence.SealedCredential, error) {
	return update[evidence.SealedCredential](ctx, g, id, workflows.UpdatePickUp, signed)
}

// givingWay bounds how often, and after which pause, a statement is sent again to a
// run that is about to give way to the next one, which takes it.
const (
	givingWayTries = 10
	givingWayPause = 200 * time.Millisecond
)

func update[R any](ctx context.Context, g *Gateway, id, name string, signed evidence.Envelope) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for try := 1; ; try++ {
		res, err := updateOnce[R](ctx, g, id, name, signed)
		if access.CodeOf(err) != access.CodeThrottled || try == givingWayTries {
			return res, err
		}
		select {
		case <-ctx.Done():
			return res, err
		case <-time.After(givingWayPause):
		}
	}
}

func updateOnce[R any](ctx context.Context, g *Gateway, id, name string, signed evidence.Envelope) (R, error) {
	var res R
	h, err := g.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		UpdateID: workflows.UpdateID(signed), WorkflowID: workflows.AccessWorkflowID(id), UpdateName: name,
		WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{workflows.SignedStatement{Envelope: signed}},
	})
	if err == nil {
		err = h.Get(ctx, &res)
	}
	var timeout *client.WorkflowUpdateServiceTimeoutOrCanceledError
	if errors.As(err, &timeout) {
		return res, access.Errorf(access.CodeUnavailable, "no worker responded in time; what you requested may still happen")
	}
	return res, api.FromTemporal(err)
}

// End carries an order to end. Temporal takes it even while no worker runs.
func (g *Gateway) End(ctx context.Context, id string, order workflows.EndRequest) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return api.FromTemporal(workflows.End(ctx, g.temporal, id, order))
}

// Deny sends a denial as a signal, which Temporal takes even while no worker runs.
func (g *Gateway) Deny(ctx context.Context, id string, signed evidence.Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return api.FromTemporal(g.temporal.SignalWorkflow(ctx, workflows.AccessWorkflowID(id), "", workflows.SignalDecision, workflows.SignedStatement{Envelope: signed}))
}

// Ping reports why Temporal cannot be reached.
func (g *Gateway) Ping(ctx context.Context) error {
	_, err := g.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return api.FromTemporal(err)
}
