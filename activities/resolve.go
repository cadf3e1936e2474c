package activities

import (
	"context"

	"ramp.dev/ramp/activities/api"
)

// ResolveScopes returns what entitlements on one target mean, in order. It changes
// nothing.
func (t *Targets) ResolveScopes(ctx context.Context, in api.ResolveScopesInput) (api.ResolveScopesResult, error) {
	out := api.ResolveScopesResult{}
	for _, e := range in.Entitlements {
		s, err := t.Broker.Resolve(ctx, in.Target, e)
		if err != nil {
			return out, api.ToTemporal(err)
		}
		out.Scopes = append(out.Scopes, s)
	}
	return out, nil
}
