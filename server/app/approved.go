package app

import (
	"context"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// sendAtOnce bounds how many approved extensions wait for their workers at once: a
// target that is down holds each of its own for as long as a call may take.
const sendAtOnce = 8

// SendApproved works until ctx ends. It is a loop of its own: whatever an extension
// waits for, no order to end and no denial waits with it.
func (e *extender) SendApproved(ctx context.Context) {
	repeat(ctx, resendEvery, func() {
		if err := e.sendApproved(ctx); err != nil && ctx.Err() == nil {
			e.log.WithError(err).Warn("extensions that are approved and not in force cannot be listed")
		}
	})
}

// sendApproved has every extension made that was approved and is not in force: the
// server that took the approval may have stopped, or no worker ran.
func (e *extender) sendApproved(ctx context.Context) error {
	var sending errgroup.Group
	sending.SetLimit(sendAtOnce)
	defer func() { _ = sending.Wait() }() // each logs its own error
	for cursor := ""; ; {
		list, next, err := e.requests.ledger.Requests(ctx, ledger.RequestFilter{Asked: true, Cursor: cursor})
		if err != nil {
			return err
		}
		for _, r := range list {
			if !e.mayBeMade(r.Asked) {
				continue
			}
			sending.Go(func() error {
				if err := e.makeAgain(ctx, r); err != nil && ctx.Err() == nil {
					e.log.WithError(err).WithField("request", r.ID).Warn("an extension is approved, and not in force yet; it is tried again")
				}
				return nil
			})
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

// makeAgain sends an approved order to extend again, unless its requester would not be
// let in now, or the log has a decision on it that the ledger no longer has. Access that
// has ended meanwhile stays ended.
func (e *extender) makeAgain(ctx context.Context, r access.Request) error {
	signed, err := evidence.ReadEnvelope(r.Asked.Envelope)
	if err != nil {
		return err
	}
	if err := e.stillEligible(ctx, r, r.Asked.Order); err != nil {
		return err
	}
	if err := e.audit.checkExtensionLog(ctx, r.Plan, *r.Asked); err != nil {
		return err
	}
	_, err = e.gateway.Extend(ctx, r.ID, signed)
	return err
}

// mayBeMade reports whether an order to extend is approved, and was so lately enough for
// a worker to act on it: for so long it is sent, and after that the requester may ask
// again, since it is never made any more.
func (e *extender) mayBeMade(a *access.Asked) bool {
	return a != nil && a.Tally == access.TallySatisfied && e.now().Sub(a.Decided()) <= access.ActWithin
}
