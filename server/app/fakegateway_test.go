package app

import (
	"context"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

// fakeGateway takes every message; err is returned by all of them.
type fakeGateway struct {
	deliver   func(order evidence.Envelope) evidence.SealedCredential // the reply to a pick-up; nil: an unsigned credential
	ledger    *fakeLedger
	err       error
	started   []string
	decisions []evidence.Envelope
	tally     access.Tally // what they amount to
	orders    []evidence.Envelope
	ends      []workflows.EndRequest
	denials   []evidence.Envelope
	onExtend  func(id string) // before an order to extend is taken; may be nil
	extending sync.Mutex
}

func (g *fakeGateway) Start(_ context.Context, plan access.Plan, _ evidence.Envelope) error {
	g.ledger.calls = append(g.ledger.calls, "gateway.Start")
	if g.err == nil {
		g.started = append(g.started, plan.RequestID)
	}
	return g.err
}

func (g *fakeGateway) Resolve(_ context.Context, grants []access.PlannedGrant) ([]access.Scope, error) {
	if g.err != nil {
		return nil, g.err
	}
	out := make([]access.Scope, len(grants))
	for i := range out {
		out[i].Summary = "read orders"
	}
	return out, nil
}

func (g *fakeGateway) Decide(_ context.Context, _ string, signed evidence.Envelope) (workflows.DecideResult, error) {
	g.decisions = append(g.decisions, signed)
	g.ledger.calls = append(g.ledger.calls, "gateway.Decide")
	return workflows.DecideResult{Tally: g.tally}, g.err
}

func (g *fakeGateway) End(_ context.Context, _ string, order workflows.EndRequest) error {
	g.ends = append(g.ends, order)
	g.ledger.calls = append(g.ledger.calls, "gateway.End")
	return g.err
}

func (g *fakeGateway) Deny(_ context.Context, _ string, signed evidence.Envelope) error {
	g.denials = append(g.denials, signed)
	return g.err
}

func (g *fakeGateway) Extend(_ context.Context, id string, signed evidence.Envelope) (workflows.ExtendResult, error) {
	if g.onExtend != nil {
		g.onExtend(id)
	}
	g.extending.Lock()
	defer g.extending.Unlock()
	g.orders = append(g.orders, signed)
	return workflows.ExtendResult{ExpiresAt: testTime.Add(time.Hour), Number: 1}, g.err
}

func (g *fakeGateway) PickUp(_ context.Context, _ string, signed evidence.Envelope) (evidence.SealedCredential, error) {
	g.orders = append(g.orders, signed)
	if g.deliver != nil {
		return g.deliver(signed), g.err
	}
	return evidence.SealedCredential{Suite: "test"}, g.err
}

func (g *fakeGateway) messages() int { return len(g.decisions) + len(g.orders) + len(g.ends) }
