package azurerole

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/pacing"
)

type target struct {
	counted.Target
	config            Config
	management, graph *jsonhttp.Client
}

var (
	_ integrations.Target     = (*target)(nil)
	_ integrations.HolderUser = (*target)(nil)
	_ integrations.Extender   = (*target)(nil)
	_ integrations.Pinger     = (*target)(nil)
	_ integrations.Inventory  = (*target)(nil)
)

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, err := t.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	return access.Scope{
		Summary: "role " + ent.Role + " on Azure's " + ent.Scope[strings.LastIndexByte(ent.Scope, '/')+1:],
		Facts:   map[string]string{"scope": ent.Scope, "role": ent.Role, "role definition": t.config.Roles[ent.Role]},
		Ends:    "a role assignment has no end of its own on Azure: it stays until Ramp, or somebody else, removes it",
	}, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	// Resource manager takes 10 writes and deletions a second of one application in one
	// subscription, and 25 reads.
	return integrations.Bounds{Consistency: t.config.Consistency.Std(), Ending: 3 * time.Minute, Rate: pacing.Rate{PerSecond: 4, Burst: 8}}
}

// Ping implements integrations.Pinger: Ramp may write role assignments on each scope, and the
// roles are there under the names of the configuration.
func (t *target) Ping(ctx context.Context) error {
	for _, scope := range t.config.scopes() {
		if err := t.pingScope(ctx, scope); err != nil {
			return err
		}
	}
	for _, name := range t.config.roles() {
		var has struct {
			Properties struct {
				RoleName string `json:"roleName"`
			} `json:"properties"`
		}
		path := assignment{scope: t.config.scopes()[0], role: t.config.Roles[name]}.definition() + "?api-version=2022-04-01"
		found, err := t.management.Call(ctx, http.MethodGet, path, nil, &has)
		if err != nil {
			return err
		}
		if !found || has.Properties.RoleName != name {
			return access.Errorf(access.CodeConflict, "the role definition %s is not %s on Azure, but %q", t.config.Roles[name], name, access.Clip(has.Properties.RoleName, 100))
		}
	}
	return nil
}

// needed are the actions that Ramp's own application needs on each scope.
func needed() []string {
	const of = "Microsoft.Authorization/roleAssignments/"
	return []string{of + "read", of + "write", of + "delete"}
}

func (t *target) pingScope(ctx context.Context, scope string) error {
	var has struct {
		Value []struct {
			Actions    []string `json:"actions"`
			NotActions []string `json:"notActions"`
		} `json:"value"`
	}
	found, err := t.management.Call(ctx, http.MethodGet, scope+"/providers/Microsoft.Authorization/permissions?api-version=2022-04-01", nil, &has)
	if err != nil {
		return err
	}
	if !found {
		return access.Errorf(access.CodeConflict, "Azure has no %s", scope)
	}
	for _, action := range needed() {
		may := false
		for _, one := range has.Value {
			may = may || slices.ContainsFunc(one.Actions, matches(action)) && !slices.ContainsFunc(one.NotActions, matches(action))
		}
		if !may {
			return access.Errorf(access.CodeForbidden, "Ramp's own application lacks %s on %s", action, scope)
		}
	}
	return nil
}

// matches returns whether a pattern of actions, with at most one wildcard at each end or in
// the middle, has an action in it.
func matches(action string) func(string) bool {
	return func(pattern string) bool {
		before, after, wild := strings.Cut(strings.ToLower(pattern), "*")
		a := strings.ToLower(action)
		return a == before && !wild || wild && len(a) >= len(before)+len(after) && strings.HasPrefix(a, before) && strings.HasSuffix(a, after)
	}
}

// The target's lists.
const (
	listScopes = "scopes"
	listRoles  = "roles"
)

// Lists returns the names of the lists that a target of this kind has.
func (Config) Lists() []string { return []string{listScopes, listRoles} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory: what the allow-list has.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values := t.config.scopes()
	if list == listRoles {
		values = t.config.roles()
	}
	return t.config.Describe.Page(ctx, list, values, after)
}
