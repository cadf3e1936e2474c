package gcpiam

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// entitlement is one role on one resource.
type entitlement struct {
	Resource string `entitlement:"resource,required"`
	Role     string `entitlement:"role,required"`
}

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (entitlement, error) {
	var out entitlement
	issues := integrations.DecodeEntitlement(e, &out)
	if len(issues) == 0 {
		issues.Require(c.allows(out.Role, out.Resource), "not_allowed", "role", "this target's allow-list has no %s on %s", access.Clip(out.Role, 100), access.Clip(out.Resource, 100))
	}
	return out, issues.Err()
}

// member returns how a policy names a principal. Errors are of code invalid.
func (c Config) member(principal string) (string, error) {
	if c.WorkforcePool != "" {
		if !subjectShape.MatchString(principal) {
			return "", access.InvalidField("principal_malformed", "principal", "%q cannot be a subject of a workforce pool: letters, digits and ._@+=:- are needed", access.Clip(principal, 80))
		}
		return "principal://iam.googleapis.com/locations/global/workforcePools/" + c.WorkforcePool + "/subject/" + principal, nil
	}
	if !addressShape.MatchString(principal) {
		return "", access.InvalidField("principal_malformed", "principal", "%q is not the address of an account at Google", access.Clip(principal, 80))
	}
	return "user:" + principal, nil
}

// sameMember reports whether a policy means the same by two members. Google writes the
// address of an account in lower case.
func sameMember(a, b string) bool {
	if strings.HasPrefix(a, "user:") && strings.HasPrefix(b, "user:") {
		return strings.EqualFold(a, b)
	}
	return a == b
}

// The target's lists.
const (
	listResources = "resources"
	listRoles     = "roles"
)

// Lists returns the names of the lists that a target of this kind has.
func (Config) Lists() []string { return []string{listResources, listRoles} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory: what the allow-list has.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values := t.config.resources()
	if list == listRoles {
		values = t.config.roles()
	}
	return t.config.Describe.Page(ctx, list, values, after)
}
