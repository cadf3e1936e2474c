package vaulttoken

import (
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// policiesOf returns the policies that an entitlement gives, in order. Errors
// are of code invalid, with every issue.
func (c Config) policiesOf(e access.Entitlement) ([]string, error) {
	var ent struct {
		Policies []string `entitlement:"policies,required"`
	}
	issues := integrations.DecodeEntitlement(e, &ent)
	for i, p := range ent.Policies {
		switch {
		case !slices.Contains(c.Policies, p):
			issues.Add("policy_not_allowed", "policies", "%q is none of this target's policies (%s)", access.Clip(p, 40), strings.Join(c.Policies, ", "))
		case slices.Contains(ent.Policies[:i], p):
			issues.Add("policy_duplicate", "policies", "%s is listed twice", p)
		}
	}
	slices.Sort(ent.Policies)
	return ent.Policies, issues.Err()
}
