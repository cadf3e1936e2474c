package vaulttoken

import (
	"context"
	"maps"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.Inventory = (*target)(nil)

// The target's lists are the policies and secrets that contracts may give. Ramp's own token
// may not list what else Vault has, and need not.
const (
	listPolicies = "policies"
	listSecrets  = "secrets"
)

// Lists returns the names of the lists that a target of this kind has, whatever is in them.
func (Config) Lists() []string { return []string{listPolicies, listSecrets} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not call
// Vault.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	return t.config.choices(ctx, list, after)
}

func (c Config) choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values := c.Policies
	if list == listSecrets {
		values = slices.Sorted(maps.Keys(c.Secrets))
	}
	return c.Describe.Page(ctx, list, values, after)
}
