package activities

import (
	"context"
	"encoding/json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

// opened keeps a signed receipt of an opening. It comes before the event that
// tells of it, so that no pack holds the event alone.
func (t *Targets) opened(ctx context.Context, g access.Grant) error {
	expires := g.ExpiresAt
	return t.receipt(ctx, access.Receipt{RequestID: g.RequestID, Grant: g.Name, Target: g.Target, Act: access.ActOpened, At: t.now(),
		Principal: g.Principal, Entitlement: g.Entitlement, ExpiresAt: &expires})
}

// closed keeps a signed receipt of a closing and its read-back, likewise.
func (t *Targets) closed(ctx context.Context, g access.Grant, p integrations.Presence) error {
	return t.receipt(ctx, access.Receipt{RequestID: g.RequestID, Grant: g.Name, Target: g.Target, Act: access.ActClosed, At: t.now(),
		Found: &access.ReadBack{Open: p.Open, Sessions: p.Sessions}})
}

func (t *Targets) receipt(ctx context.Context, r access.Receipt) error {
	if t.Signer == nil {
		return nil
	}
	e, err := t.Signer.SignReceipt(r)
	if err != nil {
		return err
	}
	return t.keep(ctx, r.RequestID, string(r.Act)+" "+r.Grant, e)
}

func (t *Targets) keep(ctx context.Context, requestID, key string, e evidence.Envelope) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return t.Ledger.Keep(ctx, ledger.Statement{RequestID: requestID, Key: key, Envelope: b})
}
