package azurerole

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/integrations/jsonhttp"
)

var _ counted.Service = (*target)(nil)

// assignment is one role assignment: what grants hold, alone or together.
type assignment struct{ scope, role, user string } // in lower case; GUIDs of the role definition and of the user

// assigned begins the names of assignments among what grants hold.
const assigned = "assignment "

// object returns the assignment's name in the ledger. It says all that is needed to remove
// the assignment, because a grant is ended by its name alone.
func (a assignment) object() string { return assigned + a.scope + " " + a.role + " " + a.user }

// parse returns the assignment of a name that object made.
func parse(object string) (assignment, error) {
	rest, ok := strings.CutPrefix(object, assigned)
	parts := strings.Split(rest, " ")
	if !ok || len(parts) != 3 || !strings.HasPrefix(parts[0], "/subscriptions/") || !guidShape.MatchString(parts[1]) || !guidShape.MatchString(parts[2]) {
		return assignment{}, access.Errorf(access.CodeInternal, "the ledger has %q among the assignments of Azure", access.Clip(object, 120))
	}
	return assignment{parts[0], parts[1], parts[2]}, nil
}

// path returns the assignment's path. Its name follows from what it is (UUID of version 5), so
// that a try after a lost reply makes no second one.
func (a assignment) path() string {
	id := uuid.NewSHA1(uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://ramp.dev/targets/azure")), []byte(a.object()))
	return a.scope + "/providers/Microsoft.Authorization/roleAssignments/" + id.String() + "?api-version=2022-04-01"
}

// definition returns the id of the role's definition, in the assignment's subscription.
func (a assignment) definition() string {
	return strings.Join(strings.SplitN(a.scope, "/", 4)[:3], "/") + "/providers/Microsoft.Authorization/roleDefinitions/" + a.role
}

type resource struct {
	Properties properties `json:"properties"`
}

type properties struct {
	RoleDefinitionID string `json:"roleDefinitionId"`
	PrincipalID      string `json:"principalId"`
	PrincipalType    string `json:"principalType,omitempty"` // said, Azure does not look for a user that not all of it knows yet
	Description      string `json:"description,omitempty"`
}

// Shows implements counted.Objects.
func (t *target) Shows(ctx context.Context, object string) (string, error) {
	a, err := parse(object)
	if err != nil {
		return "", err
	}
	there, err := t.exists(ctx, a)
	if err != nil || !there {
		return "", err
	}
	return "this role on this scope", nil
}

func (t *target) exists(ctx context.Context, a assignment) (bool, error) {
	var has resource
	found, err := t.management.Call(ctx, http.MethodGet, a.path(), nil, &has)
	if err != nil || !found {
		return false, err
	}
	p := has.Properties
	if p.PrincipalID == "" || p.RoleDefinitionID == "" {
		return false, t.management.Unexpected(http.MethodGet, a.path())
	}
	// One of this name for somebody else is not this one, and not Ramp's.
	return strings.EqualFold(p.PrincipalID, a.user) && strings.EqualFold(p.RoleDefinitionID[strings.LastIndexByte(p.RoleDefinitionID, '/')+1:], a.role), nil
}

// Put implements counted.Service.
func (t *target) Put(ctx context.Context, object string) error {
	a, err := parse(object)
	if err != nil {
		return err
	}
	found, err := t.management.Call(ctx, http.MethodPut, a.path(), resource{properties{a.definition(), a.user, "User", "made by Ramp, which removes it"}}, nil)
	if refused := jsonhttp.RefusalOf(err); refused != nil {
		switch errorOf(refused.Body).Code {
		case "RoleAssignmentExists": // an earlier try's, or somebody else's of another name
			there, e := t.exists(ctx, a)
			if e != nil || there {
				return e
			}
			return access.Errorf(access.CodeConflict, "the person has this role on this scope already, and not by Ramp: %w", err)
		case "PrincipalNotFound": // the user was found a moment ago; not all of Azure knows them yet
			return access.Errorf(access.CodeUnavailable, "Azure does not know the user everywhere yet: %w", err)
		case "RoleDefinitionDoesNotExist":
			return access.InvalidField("role_unknown", "role", "Azure has no role definition %s in this subscription", a.role)
		}
	}
	if err == nil && !found {
		err = access.InvalidField("scope_unknown", "scope", "Azure has no %s", a.scope)
	}
	return err
}

// Remove implements counted.Objects. That Azure says that it removed the assignment is no
// proof; it is read back.
func (t *target) Remove(ctx context.Context, object, _ string) error {
	a, err := parse(object)
	if err != nil {
		return err
	}
	if _, err := t.management.Call(ctx, http.MethodDelete, a.path(), nil, nil); err != nil {
		return err
	}
	there, err := t.exists(ctx, a)
	if err == nil && there {
		err = access.Errorf(access.CodeUnavailable, "Azure says that it removed the assignment, and shows it still")
	}
	return err
}

// userID returns the id of the person whom a principal is. Errors are also of code invalid.
func (t *target) userID(ctx context.Context, principal string) (string, error) {
	if t.config.User == byID {
		if id := strings.ToLower(principal); guidShape.MatchString(id) {
			return id, nil
		}
		return "", access.InvalidField("principal_malformed", "principal", "%q is not the id of a user in Entra ID, a GUID", access.Clip(principal, 80))
	}
	if !userShape.MatchString(principal) {
		return "", access.InvalidField("principal_malformed", "principal", "%q is not a userPrincipalName", access.Clip(principal, 80))
	}
	var user struct {
		ID string `json:"id"`
	}
	path := "/v1.0/users/" + url.PathEscape(principal) + "?$select=id"
	found, err := t.graph.Call(ctx, http.MethodGet, path, nil, &user)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", access.InvalidField("principal_unknown", "principal", "Entra ID has no user %s in this tenant", access.Clip(principal, 80))
	case !guidShape.MatchString(strings.ToLower(user.ID)):
		return "", t.graph.Unexpected(http.MethodGet, path)
	}
	return strings.ToLower(user.ID), nil
}

// entitlement is one role on one scope.
type entitlement struct {
	Scope string `entitlement:"scope,required"`
	Role  string `entitlement:"role,required"`
}

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (entitlement, error) {
	var out entitlement
	issues := integrations.DecodeEntitlement(e, &out)
	if len(issues) == 0 {
		issues.Require(c.allows(out.Role, out.Scope), "not_allowed", "role", "this target's allow-list has no %s on %s", access.Clip(out.Role, 100), access.Clip(out.Scope, 200))
	}
	return out, issues.Err()
}

// Object implements counted.Service.
func (t *target) Object(ctx context.Context, g access.Grant) (string, error) {
	ent, err := t.config.entitlement(g.Entitlement)
	if err != nil {
		return "", err
	}
	if err := t.checkRole(ctx, ent.Scope, ent.Role); err != nil {
		return "", err
	}
	user, err := t.userID(ctx, g.Principal)
	return assignment{strings.ToLower(ent.Scope), t.config.Roles[ent.Role], user}.object(), err
}
