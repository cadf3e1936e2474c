package vaulttoken

import (
	"context"
	"slices"
	"strings"
)

// roles returns the names of Ramp's roles by grant, a grant's own first.
func (t *target) roles(ctx context.Context) (map[string][]string, error) {
	names, err := t.vault.list(ctx, rolesPath)
	return byGrant(names), err
}

// leases returns the names of roles that have leases, by grant. Vault may still
// name a role for a moment after its last lease ended.
func (t *target) leases(ctx context.Context) (map[string][]string, error) {
	names, err := t.vault.list(ctx, leasesPath)
	return byGrant(names), err
}

// byGrant groups names by grant, in order: a grant's own role comes before those of
// its tokens.
func byGrant(names []string) map[string][]string {
	out := map[string][]string{}
	for _, name := range slices.Sorted(slices.Values(names)) {
		name = strings.TrimSuffix(name, "/")
		if grant, ok := grantOf(name); ok {
			out[grant] = append(out[grant], name)
		}
	}
	return out
}

// count returns how many leases there are below roles.
func (t *target) count(ctx context.Context, roles []string) (n int, err error) {
	for _, name := range roles {
		below, err := t.countBelow(ctx, leasesPath+"/"+name)
		if err != nil {
			return 0, err
		}
		n += below
	}
	return n, nil
}

func (t *target) countBelow(ctx context.Context, path string) (n int, err error) {
	names, err := t.vault.list(ctx, path)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		folder, ok := strings.CutSuffix(name, "/")
		if !ok {
			n++
			continue
		}
		// Made through a grant's own role, by hand: below its path suffix.
		below, err := t.countBelow(ctx, path+"/"+folder)
		if err != nil {
			return 0, err
		}
		n += below
	}
	return n, nil
}
