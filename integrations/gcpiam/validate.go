package gcpiam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var (
	// A project has a number, too. One resource has one name here: the id.
	resourceShape = regexp.MustCompile(`^(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]|folders/[0-9]{1,25}|buckets/[a-z0-9][a-z0-9._-]{1,220}[a-z0-9])$`)
	roleShape     = regexp.MustCompile(`^(roles|projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/roles|organizations/[0-9]{1,25}/roles)/[A-Za-z0-9_.]{3,100}$`)
	poolShape     = regexp.MustCompile(`^[a-z][a-z0-9-]{2,61}[a-z0-9]$`)
	addressShape  = regexp.MustCompile(`^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	subjectShape  = regexp.MustCompile(`^[A-Za-z0-9._@+=:-]{1,127}$`)
)

// validate returns everything that is wrong, with defaults filled in.
func (c Config) validate() (issues access.Issues) {
	issues.Require(!c.Credentials.IsZero(), "credentials_missing", "credentials", "the JSON of a service account's key, or of a workload identity federation, is needed: file:PATH, env:NAME or vault:MOUNT/PATH#FIELD")
	if err := c.Credentials.Validate(); err != nil {
		issues.Add("credentials_malformed", "credentials", "%s", err)
	}
	if c.Endpoint != "" {
		issues = append(issues, integrations.CheckAddress("endpoint", c.Endpoint)...)
	}
	issues.Require(c.WorkforcePool == "" || poolShape.MatchString(c.WorkforcePool), "workforce_pool_malformed", "workforcePool", "the id of a workforce identity pool is needed, such as people-of-example")
	issues.Require(c.Consistency >= 0 && c.Consistency <= maxConsistency, "consistency_out_of_range", "consistency", "at most %s", maxConsistency)
	issues = append(issues, c.validateAllow()...)
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listResources: func(v string) bool { return slices.Contains(c.resources(), v) },
		listRoles:     func(v string) bool { return slices.Contains(c.roles(), v) },
	})...)
}

func (c Config) validateAllow() (issues access.Issues) {
	issues.Require(len(c.Allow) > 0, "allow_missing", "allow", "what contracts may give is needed: roles and resources")
	for i, rule := range c.Allow {
		field := fmt.Sprintf("allow[%d]", i)
		issues.Require(len(rule.Resources) > 0 && len(rule.Roles) > 0, "allow_incomplete", field, "both resources and roles are needed")
		for _, name := range rule.Resources {
			issues.Require(resourceShape.MatchString(name), "allow_resource", field+".resources", "%q is none of projects/ID, folders/NUMBER and buckets/NAME", access.Clip(name, 60))
		}
		for _, role := range rule.Roles {
			issues.Require(roleShape.MatchString(role), "allow_role", field+".roles", "%q is not a role, such as roles/logging.viewer or projects/orders/roles/reader", access.Clip(role, 60))
			issues.Require(!takesNoCondition(role), "allow_role_unconditional", field+".roles", "Google takes no condition with %s, so nothing would end it on time; a predefined or a custom role is needed", access.Clip(role, 60))
			issues.Require(!unending(role), "allow_role_unending", field+".roles", "%s is never given: who has it may write the policy, and give themselves any role, for ever", access.Clip(role, 60))
		}
	}
	issues.Require(len(c.resources()) <= maxResources, "allow_many", "allow", "%d resources are at most %d in one target: each look reads the policies of all of them", len(c.resources()), maxResources)
	return issues
}

// takesNoCondition reports whether Google gives a role only without conditions: the basic
// roles, and those of buckets from before IAM.
func takesNoCondition(role string) bool {
	return slices.Contains([]string{"roles/owner", "roles/editor", "roles/viewer"}, role) || strings.HasPrefix(role, "roles/storage.legacy")
}

// unending reports whether a role of Google's own lets its holder write the policy of a
// project, a folder or a bucket (https://cloud.google.com/iam/docs/understanding-roles).
func unending(role string) bool {
	return slices.Contains([]string{"roles/iam.securityAdmin", "roles/resourcemanager.projectIamAdmin", "roles/resourcemanager.folderIamAdmin",
		"roles/resourcemanager.folderAdmin", "roles/resourcemanager.organizationAdmin", "roles/storage.admin"}, role)
}

// resources returns all resources of the allow-list, in order.
func (c Config) resources() []string {
	return integrations.Distinct(c.Allow, func(rule AllowConfig) []string { return rule.Resources })
}

// roles returns all roles of the allow-list, in order.
func (c Config) roles() []string {
	return integrations.Distinct(c.Allow, func(rule AllowConfig) []string { return rule.Roles })
}

// allows reports whether one rule has both.
func (c Config) allows(role, resource string) bool {
	return slices.ContainsFunc(c.Allow, func(rule AllowConfig) bool {
		return slices.Contains(rule.Roles, role) && slices.Contains(rule.Resources, resource)
	})
}
