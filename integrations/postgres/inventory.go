package postgres

import (
	"context"

	"ramp.dev/ramp/access"
)

// The target's lists, all from its configuration.
const (
	listDatabases = "databases"
	listRoles     = "roles"
	listTables    = "tables"
)

// Lists returns the names of the lists that a target of this kind has, whatever is in them.
func (Config) Lists() []string { return []string{listDatabases, listRoles, listTables} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not call
// the server.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values := map[string][]string{listDatabases: t.config.databases(), listRoles: t.config.Roles, listTables: t.config.tables()}
	return t.config.Describe.Page(ctx, list, values[list], after)
}
