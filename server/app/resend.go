package app

import (
	"context"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// resendLedger knows which orders and denials have not had their effect.
type resendLedger interface {
	EndOrders(ctx context.Context) (map[string]access.EndOrder, error)
	Undelivered(ctx context.Context) ([]ledger.Denial, error)
}

// denialGateway sends a denial that its workflow has not taken.
type denialGateway interface {
	Deny(ctx context.Context, id string, signed evidence.Envelope) error
}

// resender tells workflows again what they have not acted on: of orders to end until
// the request is over, of denials until the workflow has recorded what they amount
// to. It does not matter why the workflow has not acted: it was down, it was terminated
// and started again, or it never got the message.
type resender struct {
	ledger  resendLedger
	ends    *endOrders
	denials denialGateway
	log     logrus.FieldLogger
	now     clock
	sent    map[string]time.Time // by request, when it was last told
}

const (
	resendEvery = 5 * time.Second
	// resendAfter is how long what was sent has to have its effect.
	resendAfter = 15 * time.Second
)

// ResendStops works until ctx ends.
func (r *resender) ResendStops(ctx context.Context) {
	repeat(ctx, resendEvery, func() {
		if err := r.resendOnce(ctx); err != nil && ctx.Err() == nil {
			r.log.WithError(err).Warn("orders to end and denials that are not delivered cannot be listed")
		}
	})
}

func (r *resender) resendOnce(ctx context.Context) error {
	orders, err := r.ledger.EndOrders(ctx)
	if err != nil {
		return err
	}
	denials, err := r.ledger.Undelivered(ctx)
	if err != nil {
		return err
	}
	for id := range r.sent {
		if _, due := orders[id]; !due && !slices.ContainsFunc(denials, func(d ledger.Denial) bool { return d.RequestID == id }) {
			delete(r.sent, id)
		}
	}
	for id, order := range orders {
		if r.due(id, order.At) {
			r.ends.send(ctx, order)
		}
	}
	for _, d := range denials {
		signed, err := evidence.ReadEnvelope(d.Envelope)
		if err != nil {
			continue
		}
		decision, err := evidence.ReadDecision(signed)
		if err != nil || !r.due(d.RequestID, decision.At) {
			continue
		}
		if err := r.denials.Deny(ctx, d.RequestID, signed); err != nil {
			r.log.WithError(err).WithField("request", d.RequestID).Warn("a denial could not be sent again; it is tried again later")
		}
	}
	return nil
}

// due reports whether a request is to be told again, and remembers that it was.
func (r *resender) due(id string, made time.Time) bool {
	now := r.now()
	last := made
	if told, ok := r.sent[id]; ok {
		last = told
	}
	if age := now.Sub(last); age >= 0 && age < resendAfter {
		return false
	}
	r.sent[id] = now
	return true
}
