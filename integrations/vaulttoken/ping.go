package vaulttoken

import (
	"context"
	"maps"
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

// Ping implements integrations.Pinger. Ramp's own token must be valid, must be able to
// make others, and must have the rights it needs. Errors are of code forbidden, unavailable and
// throttled.
func (t *target) Ping(ctx context.Context) error {
	own, err := t.vault.read(ctx, "auth/token/lookup-self")
	if err != nil {
		return err
	}
	if kind, _ := own["type"].(string); kind != "service" {
		return access.Errorf(access.CodeForbidden, "Ramp's own token is of type %q; Vault lets only service tokens make others", kind)
	}
	if uses, err := seconds(own["num_uses"]); err != nil || uses != 0 {
		return access.Errorf(access.CodeForbidden, "Ramp's own token has a limited number of uses; Vault lets such tokens make no others")
	}
	want := needed()
	paths := slices.Sorted(maps.Keys(want))
	secret, err := t.vault.write(ctx, "sys/capabilities-self", map[string]any{"paths": paths})
	if err != nil {
		return err
	}
	if secret == nil {
		return unexpected("write", "sys/capabilities-self")
	}
	var missing []string
	for _, path := range paths {
		have, _ := texts(secret.Data[path])
		for _, capability := range want[path] {
			if !slices.Contains(have, capability) && !slices.Contains(have, "root") {
				missing = append(missing, capability+" on "+path)
			}
		}
	}
	if len(missing) > 0 {
		return access.Errorf(access.CodeForbidden, "Ramp's own token may not %s", strings.Join(missing, ", "))
	}
	return nil
}
