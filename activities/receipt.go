package activities

import (
	"context"
	"encoding/json"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// openedReceipt returns what stores a signed receipt of an opening. It is stored in
// the transaction of the event, so that no evidence pack has the event alone.
func (t *Targets) openedReceipt(ctx context.Context, g access.Grant, endsWithin time.Duration) ([]access.Transition, error) {
	if t.Signer == nil {
		return nil, nil
	}
	scope, err := t.Broker.Resolve(ctx, g.Target, g.Entitlement)
	if err != nil {
		return nil, err
	}
	expires := g.ExpiresAt
	return t.receipt(access.Receipt{RequestID: g.RequestID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptOpened, At: t.now(),
		Principal: g.Principal, Entitlement: g.Entitlement, Scope: &scope, ExpiresAt: &expires, EndsWithin: access.Duration(endsWithin.Truncate(time.Second))})
}

// closedReceipt is openedReceipt of a closing and its read-back.
func (t *Targets) closedReceipt(g access.Grant, p access.ReadBack, u *access.Usage) ([]access.Transition, error) {
	return t.receipt(access.Receipt{RequestID: g.RequestID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptClosed, At: t.now(),
		Found: &access.ReadBack{Open: p.Open, Sessions: p.Sessions}, Usage: u})
}

// receipt returns nothing where this worker signs no receipts.
func (t *Targets) receipt(r access.Receipt) ([]access.Transition, error) {
	if t.Signer == nil {
		return nil, nil
	}
	e, err := t.Signer.SignReceipt(r)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(e)
	return []access.Transition{{RequestID: r.RequestID, At: r.At,
		Statements: []access.Statement{{RequestID: r.RequestID, Key: access.KeyReceipt(r.Kind, r.Grant), Envelope: b}}}}, err
}

func (t *Targets) storeStatement(ctx context.Context, requestID, key string, e evidence.Envelope) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return t.Ledger.AddStatement(ctx, access.Statement{RequestID: requestID, Key: key, Envelope: b})
}
