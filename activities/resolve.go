package activities

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// ResolveScopes returns what entitlements on one target mean, in order, signed with
// the worker's key if it has one. It changes nothing on the target; the ledger
// keeps what it returns.
func (t *Targets) ResolveScopes(ctx context.Context, in api.ResolveScopesInput) (api.ResolveScopesResult, error) {
	out, err := t.resolveScopes(ctx, in)
	return out, api.ToTemporal(err)
}

func (t *Targets) resolveScopes(ctx context.Context, in api.ResolveScopesInput) (out api.ResolveScopesResult, err error) {
	for _, e := range in.Entitlements {
		s, err := t.Broker.Resolve(ctx, in.Target, e)
		if err != nil {
			return out, err
		}
		out.Scopes = append(out.Scopes, s)
		t.keepSoon(ctx, in.Target, e, s)
	}
	if t.Signer == nil {
		return out, nil
	}
	signed, err := t.Signer.SignResolution(access.Resolution{Question: in.Question, Target: in.Target, Entitlements: in.Entitlements, Scopes: out.Scopes})
	out.Signed = &signed
	return out, err
}
