package vaulttoken

import (
	"context"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
)

type target struct {
	name   string
	config Config
	vault  *vault
}

var (
	_ integrations.Target   = (*target)(nil)
	_ integrations.Minter   = (*target)(nil)
	_ integrations.Extender = (*target)(nil)
	_ integrations.Pinger   = (*target)(nil)
)

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	want, err := t.config.wanted(e)
	if err != nil {
		return access.Scope{}, err
	}
	return t.config.withNamespace(t.scope(want)), nil
}

// withNamespace adds the namespace, if there is one.
func (c Config) withNamespace(scope access.Scope) access.Scope {
	if c.Namespace != "" {
		scope.Summary += " in namespace " + c.Namespace
		scope.Facts["namespace"] = c.Namespace
	}
	return scope
}

// policyWord returns what a list of policies is called.
func policyWord(policies []string) string {
	if len(policies) > 1 {
		return "policies "
	}
	return "policy "
}

// scope returns what is wanted in words, without the namespace.
func (t *target) scope(want wanted) access.Scope {
	at := " (" + t.config.Address + ")"
	if want.secret != "" {
		path := t.config.Secrets[want.secret].Path
		return access.Scope{
			Summary: "use what " + t.name + at + " makes for the grant at " + path,
			Facts:   map[string]string{"address": t.config.Address, "secret": want.secret, "path": path, "credential": t.config.Secrets[want.secret].Credential.Kind},
			Ends: "Vault itself takes each secret back right after the end of access, when the token ends that it was made with; " +
				"whether what was opened with it is cut, its secrets engine decides",
		}
	}
	all := strings.Join(want.policies, ", ")
	return access.Scope{
		Summary: "use " + t.name + at + " with " + policyWord(want.policies) + all,
		Facts:   map[string]string{"address": t.config.Address, "policies": all},
		Ends: "Vault itself ends each token at the end of access, and with it the tokens that it made; " +
			"secrets with a lease are revoked right after",
	}
}

// Bounds implements integrations.Target. All goes through the active node.
func (t *target) Bounds() integrations.Bounds {
	return integrations.Bounds{Consistency: 0, Ending: 30 * time.Second, Rate: pacing.Rate{PerSecond: 200, Burst: 200}}
}

// Inspect implements integrations.Target. Sessions are tokens that Vault still
// has. The role of a token also counts as open: an interrupted revoke leaves one
// behind.
func (t *target) Inspect(ctx context.Context, g access.Grant) (r access.ReadBack, err error) {
	roles, err := t.roles(ctx)
	if err != nil {
		return r, err
	}
	leases, err := t.leases(ctx)
	if err != nil {
		return r, err
	}
	r.Open = len(roles[g.Name]) > 0
	r.Sessions, err = t.count(ctx, leases[g.Name])
	return r, err
}

// List implements integrations.Target. It reads the roles of a grant's tokens too
// if the grant's own role is gone or does not say when it ends.
func (t *target) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	roles, err := t.roles(ctx)
	if err != nil {
		return nil, err
	}
	for grant, names := range roles {
		for _, name := range names {
			r, _, err := t.getRole(ctx, name)
			if err != nil {
				return nil, err
			}
			listed = append(listed, integrations.ListedGrant{Name: grant, ExpiresAt: r.expires})
			if name == grant && !r.expires.IsZero() {
				break
			}
		}
	}
	leases, err := t.leases(ctx)
	if err != nil {
		return nil, err
	}
	for grant, names := range leases {
		if len(roles[grant]) > 0 {
			continue
		}
		// Tokens whose roles somebody deleted by hand.
		n, err := t.count(ctx, names)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			listed = append(listed, integrations.ListedGrant{Name: grant})
		}
	}
	return listed, nil
}
