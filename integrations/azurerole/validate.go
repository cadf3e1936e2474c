package azurerole

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

const guid = `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`

var (
	guidShape  = regexp.MustCompile(`^` + guid + `$`)
	scopeShape = regexp.MustCompile(`^/subscriptions/` + guid + `(/resourceGroups/[A-Za-z0-9_()-]([A-Za-z0-9._()-]{0,88}[A-Za-z0-9_()-])?(/providers/[A-Za-z0-9.]{1,80}(/[A-Za-z0-9]{1,80}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}){1,4})?)?$`)
	nameShape  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._()-]{0,99}$`)
	userShape  = regexp.MustCompile(`^[A-Za-z0-9._%+'#!^~-]{1,128}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
)

// unending are roles whose holders may give themselves any role, for ever.
func unending() map[string]string {
	return map[string]string{
		"8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
		"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
		"f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
	}
}

// validate returns everything that is wrong, with defaults filled in.
func (c Config) validate() (issues access.Issues) {
	require := issues.Require
	require(guidShape.MatchString(c.Tenant), "tenant_malformed", "tenant", "the tenant's id is needed, a GUID in lower case")
	require(guidShape.MatchString(c.Client), "client_malformed", "client", "the id of Ramp's own application is needed, a GUID in lower case")
	require(c.Secret.IsZero() != c.Assertion.IsZero(), "secret_missing", "secret", "either secret or assertion is needed: file:PATH, env:NAME or vault:MOUNT/PATH#FIELD")
	if err := c.Secret.Validate(); err != nil {
		issues.Add("secret_malformed", "secret", "%s", err)
	}
	if err := c.Assertion.Validate(); err != nil {
		issues.Add("secret_malformed", "assertion", "%s", err)
	}
	_, known := clouds()[c.Cloud]
	require(known, "cloud_unknown", "cloud", "%q is none of public, usgov and china", access.Clip(c.Cloud, 40))
	if c.Endpoint != "" {
		issues = append(issues, integrations.CheckAddress("endpoint", c.Endpoint)...)
	}
	require(c.User == byName || c.User == byID, "user_unknown", "user", "%q is neither %s nor %s", access.Clip(c.User, 40), byName, byID)
	require(c.Consistency >= 0 && c.Consistency <= maxConsistency, "consistency_out_of_range", "consistency", "at most %s", maxConsistency)
	issues = append(issues, c.validateRoles()...)
	issues = append(issues, c.validateAllow()...)
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listScopes: func(v string) bool { return slices.Contains(c.scopes(), v) },
		listRoles:  func(v string) bool { return slices.Contains(c.roles(), v) },
	})...)
}

func (c Config) validateRoles() (issues access.Issues) {
	issues.Require(len(c.Roles) > 0, "roles_missing", "roles", "what contracts may name is needed: names and GUIDs of role definitions")
	for _, name := range slices.Sorted(maps.Keys(c.Roles)) {
		field, id := "roles."+access.Clip(name, 40), c.Roles[name]
		issues.Require(nameShape.MatchString(name), "role_name", field, "a name has up to 100 letters, digits, blanks and ._()-")
		issues.Require(guidShape.MatchString(id), "role_malformed", field, "the GUID of a role definition is needed, in lower case, such as acdd72a7-3385-48ef-bd42-f606fba81ae7")
		issues.Require(unending()[id] == "", "role_unending", field, "%s is never given: who has it may give themselves any role, for ever", unending()[id])
	}
	return issues
}

func (c Config) validateAllow() (issues access.Issues) {
	issues.Require(len(c.Allow) > 0, "allow_missing", "allow", "what contracts may give is needed: roles and scopes")
	for i, rule := range c.Allow {
		field := fmt.Sprintf("allow[%d]", i)
		issues.Require(len(rule.Scopes) > 0 && len(rule.Roles) > 0, "allow_incomplete", field, "both scopes and roles are needed")
		for _, scope := range rule.Scopes {
			issues.Require(scopeShape.MatchString(scope), "allow_scope", field+".scopes", "%q is not /subscriptions/GUID, a resource group in one, or a resource in a group", access.Clip(scope, 80))
		}
		for _, name := range rule.Roles {
			_, known := c.Roles[name]
			issues.Require(known, "allow_role", field+".roles", "%q is not one of roles", access.Clip(name, 40))
		}
	}
	// Azure does not tell upper from lower case: written in two ways, one scope would be two.
	seen := map[string]string{}
	for _, scope := range c.scopes() {
		was, twice := seen[strings.ToLower(scope)]
		issues.Require(!twice, "allow_scope_twice", "allow", "%s and %s are one scope, written in two ways", was, scope)
		seen[strings.ToLower(scope)] = scope
	}
	return issues
}

// scopes returns all scopes of the allow-list, in order.
func (c Config) scopes() []string {
	return integrations.Distinct(c.Allow, func(rule AllowConfig) []string { return rule.Scopes })
}

// roles returns the names of all roles of the allow-list, in order.
func (c Config) roles() []string {
	return integrations.Distinct(c.Allow, func(rule AllowConfig) []string { return rule.Roles })
}

// allows reports whether one rule has both.
func (c Config) allows(role, scope string) bool {
	return slices.ContainsFunc(c.Allow, func(rule AllowConfig) bool {
		return slices.Contains(rule.Roles, role) && slices.Contains(rule.Scopes, scope)
	})
}
