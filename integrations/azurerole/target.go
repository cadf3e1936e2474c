package azurerole

import (
	"context"
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
// roles are there under the names of the configuration, and lead to no other.
func (t *target) Ping(ctx context.Context) error {
	for _, scope := range t.config.scopes() {
		has, err := t.permissions(ctx, scope)
		if err != nil {
			return err
		}
		if lacks := integrations.Compared(scope, needed(), nil, has.may).Lacks; len(lacks) > 0 {
			return access.Errorf(access.CodeForbidden, "Ramp's own application lacks %s", strings.Join(lacks, " and "))
		}
	}
	for _, name := range t.config.roles() {
		has, err := t.definition(ctx, t.config.scopes()[0], name)
		switch {
		case access.CodeOf(err) == access.CodeInvalid && err != nil:
			return access.Errorf(access.CodeConflict, "the role %s: %w", name, err)
		case err != nil:
			return err
		case has.RoleName != name:
			return access.Errorf(access.CodeConflict, "the role definition %s is not %s on Azure, but %q", t.config.Roles[name], name, access.Clip(has.RoleName, 100))
		case has.Permissions.unending() != "":
			return access.Errorf(access.CodeConflict, "the role %s allows %s: who has it may give themselves any role, for ever, so it is never given", name, has.Permissions.unending())
		}
	}
	return nil
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
