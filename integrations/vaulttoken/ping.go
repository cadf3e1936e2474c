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

// Ping implements integrations.Pinger. Ramp's own token must be valid, must be able to
// make others, and must have the rights it needs. Errors are of code forbidden, unavailable and
// throttled.
func (t *target) Ping(ctx context.Context) error {
	own, err := get[struct {
		Type string `json:"type"`
		Uses int64  `json:"num_uses"`
	}](ctx, t.vault, "auth/token/lookup-self")
	if err != nil {
		return err
	}
	if own == nil {
		return t.vault.Unexpected(http.MethodGet, "auth/token/lookup-self")
	}
	if own.Type != "service" {
		return access.Errorf(access.CodeForbidden, "Ramp's own token is of type %q; Vault lets only service tokens make others", own.Type)
	}
	if own.Uses != 0 {
		return access.Errorf(access.CodeForbidden, "Ramp's own token has a limited number of uses; Vault lets such tokens make no others")
	}
	want := needed()
	maps.Copy(want, t.config.neededForSecrets())
	paths := slices.Sorted(maps.Keys(want))
	var reply struct {
		Data map[string][]string `json:"data"`
	}
	if err := t.vault.write(ctx, "sys/capabilities-self", map[string]any{"paths": paths}, &reply); err != nil {
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
