package vaulttoken

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// needed returns what Ramp's own token must be able to do, as policy.hcl allows it.
func needed() map[string][]string {
	example := access.GrantName("0000000000000000", 0)
	return map[string][]string{
		rolesPath:                   {"list"},
		rolesPath + "/" + example:   {"create", "update", "read", "delete"},
		createPath + "/" + example:  {"update"},
		leasesPath:                  {"list", "sudo"},
		leasesPath + "/" + example:  {"list", "sudo"},
		revokePath + "/" + example:  {"update", "sudo"},
		"auth/token/renew-accessor": {"update"},
	}
}

// neededForSecrets returns what Ramp's own token must be able to do to take secrets back,
// as SecretPolicy allows it.
func (c Config) neededForSecrets() map[string][]string {
	out := map[string][]string{}
	for _, s := range c.Secrets {
		out[leaseLookup+s.Path] = []string{"list", "sudo"}
		out[leaseRenew+s.Path+"/x"] = []string{"update"}
		out[leaseRevoke+s.Path+"/x"] = []string{"update"}
	}
	return out
}

// needs returns all that Ramp's own token must be able to do.
func (c Config) needs() map[string][]string {
	want := needed()
	maps.Copy(want, c.neededForSecrets())
	return want
}

// Ping implements integrations.Pinger. Ramp's own token must be valid, must be able to
// make others, and must have the rights it needs. Errors are of code forbidden, conflict,
// unavailable and throttled.
func (t *target) Ping(ctx context.Context) error {
	if err := t.config.findNamespace(ctx, t.vault); err != nil {
		return err
	}
	kind, err := t.vault.lookupSelf(ctx)
	if err != nil {
		return err
	}
	if kind != "service" {
		return access.Errorf(access.CodeForbidden, "Ramp's own token is of type %q; Vault lets only service tokens make others", kind)
	}
	return t.vault.mayDo(ctx, t.config.needs())
}

// findNamespace returns an error of code conflict if a namespace is configured and the Vault has
// none. Vault's community edition takes the header and does not heed it: all would be opened in
// the one namespace that it has, which is not what approvers read. It says which edition it is
// since 1.16; OpenBao says nothing of the kind, and Vault Enterprise refuses the path within a
// namespace.
func (c Config) findNamespace(ctx context.Context, v *vault) error {
	if c.Namespace == "" {
		return nil
	}
	var health struct {
		Enterprise *bool `json:"enterprise"`
	}
	found, err := v.Call(ctx, http.MethodGet, "/v1/sys/health", nil, &health)
	if err == nil && found && health.Enterprise != nil && !*health.Enterprise {
		return access.Errorf(access.CodeConflict, "namespace is %s, and this Vault has no namespaces: it is of the community edition, which does not heed them", c.Namespace)
	}
	return nil
}

// lookupSelf returns the type of Ramp's own token. One that runs out of uses is an error.
func (v *vault) lookupSelf(ctx context.Context) (kind string, err error) {
	own, err := get[struct {
		Type string `json:"type"`
		Uses int64  `json:"num_uses"`
	}](ctx, v, "auth/token/lookup-self")
	if err != nil {
		return "", err
	}
	if own == nil {
		return "", v.Unexpected(http.MethodGet, "auth/token/lookup-self")
	}
	if own.Uses != 0 {
		return "", access.Errorf(access.CodeForbidden, "Ramp's own token has a limited number of uses; Vault lets such tokens make no others, and they end")
	}
	return own.Type, nil
}

// mayDo returns an error of code forbidden if Ramp's own token may not do all of want, by
// path.
func (v *vault) mayDo(ctx context.Context, want map[string][]string) error {
	paths := slices.Sorted(maps.Keys(want))
	var reply struct {
		Data map[string][]string `json:"data"`
	}
	if err := v.write(ctx, "sys/capabilities-self", map[string]any{"paths": paths}, &reply); err != nil {
		return err
	}
	var missing []string
	for _, path := range paths {
		for _, capability := range want[path] {
			if have := reply.Data[path]; !slices.Contains(have, capability) && !slices.Contains(have, "root") {
				missing = append(missing, capability+" on "+path)
			}
		}
	}
	if len(missing) > 0 {
		return access.Errorf(access.CodeForbidden, "Ramp's own token may not %s", strings.Join(missing, ", "))
	}
	return nil
}
