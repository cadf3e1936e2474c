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
		e, err := evidence.ReadEnvelope(b)
		if err != nil {
			continue
		}
		if o, err := v.Keys.VerifyExtension(e); err == nil {
			signed.Extensions, orders[o.Digest] = append(signed.Extensions, o), b
		} else if d, err := v.Keys.VerifyExtensionDecision(e); err == nil {
			signed.ExtensionDecisions = append(signed.ExtensionDecisions, d)
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
