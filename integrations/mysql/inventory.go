package mysql

import (
	"context"

	"ramp.dev/ramp/access"
)

// The target's lists, all from its configuration.
const (
	listRoles   = "roles"
	listObjects = "objects"
)

// Lists returns the names of the lists that a target of this kind has, whatever is in them.
func (Config) Lists() []string { return []string{listObjects, listRoles} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not call
// the server.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values := map[string][]string{listRoles: t.config.Roles, listObjects: t.config.objects()}
	return t.config.Describe.Page(ctx, list, values[list], after)
}
