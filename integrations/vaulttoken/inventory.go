package vaulttoken

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.Inventory = (*target)(nil)

// listPolicies is the target's one list: the policies that contracts may give. Ramp's own
// token may not list what other policies Vault has, and need not.
const listPolicies = "policies"

// Lists returns the names of the lists that a target of this kind has, whatever is in them.
func (Config) Lists() []string { return []string{listPolicies} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not call
// Vault.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	return t.config.Describe.Page(ctx, list, t.config.Policies, after)
}
