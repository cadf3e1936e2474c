package verified

import (
	"encoding/base64"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// asked returns the extension of an active request that people decide, as it was
// signed; nil if there is none.
func (v *Requests) asked(r access.Request, envelopes [][]byte) *access.Asked {
	if r.State != access.StateActive || r.ExpiresAt == nil || !r.Plan.AsksForExtensions() {
		return nil
	}
	signed := access.Signed{Plan: r.Narrowed()}
	orders := map[string][]byte{}
	for _, b := range envelopes {
		s, err := v.statement(b)
		switch {
		case err != nil:
		case s.order != nil:
			signed.Extensions, orders[s.order.Digest] = append(signed.Extensions, *s.order), b
		case s.ordered != nil:
			signed.ExtensionDecisions = append(signed.ExtensionDecisions, *s.ordered)
		}
	}
	out := signed.Ask(r.Extensions, *r.ExpiresAt)
	if out == nil {
		return nil
	}
	out.Envelope = orders[out.Order.Digest]
	if e, err := evidence.ReadEnvelope(out.Envelope); err == nil {
		if payload, err := e.DecodeB64Payload(); err == nil {
			out.Signed = base64.StdEncoding.EncodeToString(payload)
		}
	}
	return out
}
