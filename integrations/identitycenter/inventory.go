package identitycenter

import (
	"context"
	"maps"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// The target's lists.
const (
	listAccounts       = "accounts"
	listPermissionSets = "permission-sets"
)

// Lists returns the names of the lists that a target of this kind has.
func (Config) Lists() []string { return []string{listAccounts, listPermissionSets} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. Permission sets are those of the
// configuration. Accounts are the organisation's that are active and that some rule of
// the allow-list reaches; they are read in the background, see accounts.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	if list == listPermissionSets {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(t.config.PermissionSets)) {
			if t.config.allowsSomewhere(name, "") {
				names = append(names, name)
			}
		}
		return t.config.Describe.Page(ctx, list, names, after)
	}
	all, err := t.accounts.get(ctx, t.org)
	if err != nil {
		return nil, "", err
	}
	return t.config.describe(all).Page(ctx, listAccounts, nil, after)
}

// describe returns what people may choose of the organisation's accounts: what the
// configuration describes and AWS does not have is left out.
func (c Config) describe(all []account) integrations.Described {
	own := map[string]integrations.DescribedChoice{}
	for _, one := range c.Describe[listAccounts] {
		own[one.Value] = one
	}
	var out []integrations.DescribedChoice
	for _, a := range all {
		if !c.allowsSomewhere("", a.id) {
			continue
		}
		one := own[a.id]
		one.Value = a.id
		if one.Label == "" {
			one.Label = a.name
		}
		out = append(out, one)
	}
	return integrations.Described{listAccounts: out}
}
