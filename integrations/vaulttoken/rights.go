package vaulttoken

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// notNeeded are paths that lead to more than policy.hcl gives, of each kind one: tokens
// with any policies, other roles, policies, ways to sign in, engines, audit devices, the
// ends of others' leases, people's identities, and secrets.
func notNeeded() []string {
	const elsewhere = "ramp-doctor-asks"
	return []string{
		"auth/token/create", "auth/token/create-orphan", "auth/token/create/other-" + elsewhere, "auth/token/roles/other-" + elsewhere,
		"auth/token/revoke-accessor", "auth/token/accessors", "sys/policies/acl/" + elsewhere, "sys/policy/" + elsewhere, "sys/auth/" + elsewhere, "sys/mounts/" + elsewhere,
		"sys/audit/" + elsewhere, "sys/leases/revoke-prefix/other-" + elsewhere, leaseLookup + "other-" + elsewhere,
		leaseRenew + "other-" + elsewhere + "/x", leaseRevoke + "other-" + elsewhere + "/x", "sys/raw/" + elsewhere, "sys/seal", "sys/generate-root/attempt",
		"identity/entity", "identity/group", "identity/group/name/other-" + elsewhere, "identity/group/id/" + elsewhere, "secret/data/" + elsewhere, elsewhere + "/" + elsewhere,
	}
}

// Rights implements integrations.RightsReader: Vault says what Ramp's own token may do on
// each path that Ramp needs, and on paths that it does not: those of the secrets among them,
// which people's tokens read and Ramp's own does not. A token with the policy root is said to
// be so, and no more of it. Errors are those of Vault.
func (t *target) Rights(ctx context.Context) (integrations.Rights, error) {
	var secrets []string
	for _, name := range slices.Sorted(maps.Keys(t.config.Secrets)) {
		secrets = append(secrets, t.config.Secrets[name].Path)
	}
	return t.vault.rights(ctx, t.config.needs(), secrets...)
}

// rights compares what Ramp's own token may do with want, by path. On the paths beside these
// and those of notNeeded it need not do anything.
func (v *vault) rights(ctx context.Context, want map[string][]string, beside ...string) (r integrations.Rights, err error) {
	own, err := get[struct {
		Policies []string `json:"policies"`
	}](ctx, v, "auth/token/lookup-self")
	if err != nil {
		return r, err
	}
	if own == nil {
		return r, v.Unexpected(http.MethodGet, "auth/token/lookup-self")
	}
	if slices.Contains(own.Policies, "root") {
		return integrations.Rights{TooMuch: []string{"everything in Vault: its token has the policy root"}}, nil
	}
	paths := slices.Concat(slices.Sorted(maps.Keys(want)), beside, notNeeded())
	var reply struct {
		Data map[string][]string `json:"data"`
	}
	if err := v.write(ctx, "sys/capabilities-self", map[string]any{"paths": paths}, &reply); err != nil {
		return r, err
	}
	for _, path := range paths {
		have, known := reply.Data[path]
		if !known {
			r.Unknown = append(r.Unknown, "Vault does not say what the token may do on "+path)
			continue
		}
		for _, capability := range want[path] {
			if !slices.Contains(have, capability) {
				r.Lacks = append(r.Lacks, capability+" on "+path)
			}
		}
		for _, capability := range have {
			if capability != "deny" && !slices.Contains(want[path], capability) && !alsoGiven(path, capability) {
				r.TooMuch = append(r.TooMuch, capability+" on "+path)
			}
		}
	}
	return r, nil
}

// alsoGiven reports whether policy.hcl gives a capability that Ramp can do without: tokens
// are made through roles by update, and create is what Vault's documentation names for it.
func alsoGiven(path, capability string) bool {
	return path == createPath+"/"+integrations.Unnamed() && capability == "create"
}
