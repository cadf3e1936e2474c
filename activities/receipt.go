package activities

import (
	"context"
	"encoding/json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// storeOpenedReceipt stores a signed receipt of an opening. It is written before the
// event of the opening, so that no evidence pack has the event alone.
func (t *Targets) storeOpenedReceipt(ctx context.Context, g access.Grant) error {
	scope, err := t.Broker.Resolve(ctx, g.Target, g.Entitlement)
	if err != nil {
		return err
	}
	expires := g.ExpiresAt
	return t.storeReceipt(ctx, access.Receipt{RequestID: g.RequestID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptOpened, At: t.now(),
		Principal: g.Principal, Entitlement: g.Entitlement, Scope: &scope, ExpiresAt: &expires})
}

// storeClosedReceipt stores a signed receipt of a closing and its read-back; like
// that of an opening it is written before the event.
func (t *Targets) storeClosedReceipt(ctx context.Context, g access.Grant, p access.ReadBack) error {
	return t.storeReceipt(ctx, access.Receipt{RequestID: g.RequestID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptClosed, At: t.now(),
		Found: &access.ReadBack{Open: p.Open, Sessions: p.Sessions}})
}

func (t *Targets) storeReceipt(ctx context.Context, r access.Receipt) error {
	if t.Signer == nil {
		return nil
	}
	e, err := t.Signer.SignReceipt(r)
	if err != nil {
		return err
	}
	return t.storeStatement(ctx, r.RequestID, string(r.Kind)+" "+r.Grant, e)
}

func (t *Targets) storeStatement(ctx context.Context, requestID, key string, e evidence.Envelope) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return t.Ledger.AddStatement(ctx, access.Statement{RequestID: requestID, Key: key, Envelope: b})
}
