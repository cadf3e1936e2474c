package vaulttoken

import (
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// policiesOf reads and checks an entitlement: the policies it gives, in order.
// Errors are of code invalid, with every issue.
func (c Config) policiesOf(e access.Entitlement) ([]string, error) {
	var issues []access.Issue
	bad := func(code, field, format string, args ...any) {
		issues = append(issues, access.Issue{Code: code, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	for key := range e {
		if key != "policies" {
			bad("entitlement_unknown", access.Clip(key, 40), "unknown; known is policies")
		}
	}
	value, given := e["policies"]
	policies, isList := texts(value)
	switch {
	case !given:
		bad("policies_missing", "policies", "the policies are needed")
	case !isList:
		bad("entitlement_type", "policies", "must be a list of texts")
	case len(policies) == 0:
		bad("policies_missing", "policies", "at least one policy is needed")
	}
	for i, p := range policies {
		switch {
		case !slices.Contains(c.Policies, p):
			bad("policy_not_allowed", "policies", "%q is none of this target's policies (%s)", access.Clip(p, 40), strings.Join(c.Policies, ", "))
		case slices.Contains(policies[:i], p):
			bad("policy_duplicate", "policies", "%s is there twice", p)
		}
	}
	if len(issues) > 0 {
		slices.SortFunc(issues, func(a, b access.Issue) int { return strings.Compare(a.Field+a.Code, b.Field+b.Code) })
		return nil, access.Invalid(issues...)
	}
	slices.Sort(policies)
	return policies, nil
}

// texts is a list of texts as YAML, JSON or Go has it; a copy.
func texts(value any) ([]string, bool) {
	switch list := value.(type) {
	case []string:
		return slices.Clone(list), true
	case []any:
		out := make([]string, 0, len(list))
		for _, v := range list {
			s, ok := v.(string)
			if !ok {
				return nil, false
			}
			out = append(out, s)
		}
		return out, true
	}
	return nil, false
}
