package kubernetes

import (
	"context"
	"net/url"
	"strings"
	"time"

	core "k8s.io/api/core/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
)

type target struct {
	name   string
	config Config
	api    api
	seen   *snapshot
}

var (
	_ integrations.Target   = (*target)(nil)
	_ integrations.Minter   = (*target)(nil)
	_ integrations.Extender = (*target)(nil)
	_ integrations.Pinger   = (*target)(nil)
)

// lag is how long API servers may decide by an older state: each of them decides by a
// copy of the bindings, which follows a change within some milliseconds. What is read
// from them is never older. It is also how long a snapshot of all bindings may be used.
const lag = 2 * time.Second

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	want, err := t.config.rightsOf(e)
	if err != nil {
		return access.Scope{}, err
	}
	facts := map[string]string{"address": t.config.Clients, "role": want.role.Name, "kind": want.role.Kind}
	if !want.everywhere() {
		facts["namespaces"] = strings.Join(want.namespaces, ", ")
	}
	return access.Scope{
		Summary: "use " + want.String() + " of " + t.name + " (" + t.config.Clients + ")",
		Facts:   facts,
		Ends: "Kubernetes itself ends each token at the end of access, or eleven minutes after its pick-up if that is later; " +
			"a shell in a pod, or a watch, that is open by then goes on",
	}, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	return integrations.Bounds{Consistency: lag, Ending: 30 * time.Second, Rate: pacing.Rate{PerSecond: 20, Burst: 40}}
}

// Inspect implements integrations.Target. Open is a grant of which the account or any
// binding is left. Of sessions nothing can be seen.
func (t *target) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	account, err := t.anyAccount(ctx, g.Name)
	if err != nil || account != nil {
		return access.ReadBack{Open: account != nil}, err
	}
	there, err := t.bindings(ctx, g.Name)
	return access.ReadBack{Open: len(there) > 0}, err
}

// List implements integrations.Target. Accounts are found by their names alone. Bindings
// that somebody took the marks off are not found once their account is gone, when they
// give nobody anything.
func (t *target) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	accounts, err := list[core.ServiceAccount](ctx, t.api, t.accountsPath(), "ServiceAccount", nil)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		listed = append(listed, integrations.ListedGrant{Name: a.Name, ExpiresAt: endOf(a.ObjectMeta)})
	}
	marked := url.Values{"labelSelector": {labelManager + "=ramp," + labelHome + "=" + t.config.Home}}
	bindings, err := t.listBindings(ctx, marked)
	for _, b := range bindings {
		if t.owns(b) {
			listed = append(listed, integrations.ListedGrant{Name: b.Name, ExpiresAt: endOf(b.ObjectMeta)})
		}
	}
	return listed, err
}
