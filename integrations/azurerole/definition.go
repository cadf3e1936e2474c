package azurerole

import (
	"context"
	"net/http"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// definition is what Azure says of a role.
type definition struct {
	RoleName    string      `json:"roleName"`
	Permissions permissions `json:"permissions"`
}

// definition returns what Azure says of a role of the configuration, in a scope's
// subscription. Errors are also of code invalid: there is no such role.
func (t *target) definition(ctx context.Context, scope, role string) (definition, error) {
	var has struct {
		Properties definition `json:"properties"`
	}
	id := t.config.Roles[role]
	path := assignment{scope: scope, role: id}.definition() + "?api-version=2022-04-01"
	found, err := t.management.Call(ctx, http.MethodGet, path, nil, &has)
	if refused := jsonhttp.RefusalOf(err); refused != nil && errorOf(refused.Body).Code == "RoleDefinitionDoesNotExist" {
		return definition{}, access.InvalidField("role_unknown", "role", "Azure has no role definition %s in this subscription", id)
	}
	if err == nil && (!found || has.Properties.Permissions == nil) { // without them nothing is known of what it gives
		err = t.management.Unexpected(http.MethodGet, path)
	}
	return has.Properties, err
}

// checkRole returns an error, of code invalid, for a role that must not be given: whoever has
// it may give themselves any role, for ever. A custom role may come to be one at any time, so
// this is asked whenever access opens or is extended.
func (t *target) checkRole(ctx context.Context, scope, role string) error {
	has, err := t.definition(ctx, scope, role)
	if err != nil {
		return err
	}
	if action := has.Permissions.unending(); action != "" {
		return access.InvalidField("role_unending", "role", "Azure's role %s allows %s: who has it may give themselves any role, for ever, so it is never given", role, action)
	}
	return nil
}
