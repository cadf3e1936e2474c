package vaulttoken

import (
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// wanted is what an entitlement gives.
type wanted struct {
	policies []string // of the grant's tokens, in order
	secret   string   // the name of the dynamic secret that people get in place of a token; "" for none
}

// wanted returns what an entitlement gives. Errors are of code invalid, with every issue.
func (c Config) wanted(e access.Entitlement) (w wanted, err error) {
	var ent struct {
		Policies []string `entitlement:"policies"`
		Secret   string   `entitlement:"secret"`
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
	_, policies := e["policies"]
	_, secret := e["secret"]
	switch {
	case policies == secret:
		issues.Add("policies_missing", "policies", "policies are needed, or a secret; one of the two")
	case ent.Secret != "":
		s, there := c.Secrets[ent.Secret]
		issues.Require(there, "secret_not_allowed", "secret", "%q is none of this target's secrets (%s)", access.Clip(ent.Secret, 40), strings.Join(slices.Sorted(maps.Keys(c.Secrets)), ", "))
		return wanted{policies: []string{s.Policy}, secret: ent.Secret}, issues.Err()
	}
	slices.Sort(ent.Policies)
	return wanted{policies: ent.Policies}, issues.Err()
}
