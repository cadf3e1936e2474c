package awsiam

import (
	"context"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

var _ integrations.Inventory = (*target)(nil)

// The target's lists: the resources and the actions that the configuration allows by their
// whole names, and the resources that it describes. What a wildcard stands for, AWS would
// have to be asked for every service.
const (
	listResources = "resources"
	listActions   = "actions"
)

// Lists returns the names of the lists that a target of this kind has, whatever is in them.
func (Config) Lists() []string { return []string{listActions, listResources} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not call
// AWS.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	return t.config.Describe.Page(ctx, list, t.config.exact(list), after)
}

// exact returns what the configuration allows by its whole name, each once.
func (c Config) exact(list string) (out []string) {
	for _, rule := range c.Allow {
		names := rule.Resources
		if list == listActions {
			names = rule.Actions
		}
		for _, n := range names {
			if !strings.ContainsAny(n, "*?") && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// validateDescribe returns what is wrong with what is described: each resource must be
// allowed with some action, and each action on some resource.
func (c Config) validateDescribe() access.Issues {
	covered := func(of func(AllowConfig) []string) func(string) bool {
		return func(v string) bool {
			return slices.ContainsFunc(c.Allow, func(rule AllowConfig) bool {
				return slices.ContainsFunc(of(rule), func(p string) bool { return awsapi.Covers(p, v) })
			})
		}
	}
	return c.Describe.Validate(map[string]func(string) bool{
		listResources: covered(func(r AllowConfig) []string { return r.Resources }),
		listActions:   covered(func(r AllowConfig) []string { return r.Actions }),
	})
}
