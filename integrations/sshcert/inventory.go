package sshcert

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.Inventory = (*target)(nil)

// The target's lists: the logins that contracts may give, and the one host.
const (
	listUsers = "users"
	listHosts = "hosts"
)

// Lists returns the names of the lists that a target of this kind has, whatever is in them.
func (Config) Lists() []string { return []string{listHosts, listUsers} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not
// reach for the host.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values := t.config.Users
	if list == listHosts {
		values = []string{t.config.Host}
	}
	return t.config.Describe.Page(ctx, list, values, after)
}
