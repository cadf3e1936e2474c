package kubernetes

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.Inventory = (*target)(nil)

// The target's lists, for the fields of its configuration.
const (
	listNamespaces   = "namespaces"
	listRoles        = "roles"
	listClusterRoles = "cluster-roles"
	listWholeCluster = "whole-cluster"
)

// Lists returns the names of the lists that a target of this kind has, whatever is in them.
func (Config) Lists() []string {
	return []string{listNamespaces, listRoles, listClusterRoles, listWholeCluster}
}

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not call
// the API server.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values := map[string][]string{listNamespaces: t.config.Namespaces, listRoles: t.config.Roles,
		listClusterRoles: t.config.ClusterRoles, listWholeCluster: t.config.WholeCluster}
	return t.config.Describe.Page(ctx, list, values[list], after)
}
