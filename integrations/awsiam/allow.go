package awsiam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

var (
	actionPattern   = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9*?]+$`)
	resourcePattern = regexp.MustCompile(`^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9*?-]*:[0-9*?]*:.+$`)
)

// escalating are services of which one permission can lead to others. Their actions
// are allowed one by one, never by a wildcard that somebody meant as "read".
var escalating = []string{"account", "iam", "identitystore", "organizations", "rolesanywhere", "signin", "sso", "sso-directory", "sts"}

func (c Config) validateAllow() (issues access.Issues) {
	bad := issues.Add
	if len(c.Allow) == 0 {
		bad("allow_missing", "allow", "what contracts may give is needed: actions and resources")
	}
	for i, rule := range c.Allow {
		field := fmt.Sprintf("allow[%d]", i)
		if len(rule.Actions) == 0 || len(rule.Resources) == 0 {
			bad("allow_incomplete", field, "both actions and resources are needed")
		}
		for _, a := range rule.Actions {
			service, verb, _ := strings.Cut(a, ":")
			switch {
			case !actionPattern.MatchString(a):
				bad("allow_action_malformed", field+".actions", "%q is not like s3:GetObject or s3:Get*", access.Clip(a, 60))
			case slices.Contains(escalating, service) && strings.ContainsAny(verb, "*?"):
				bad("allow_escalates", field+".actions", "%s: actions of %s lead to other permissions; list each one", a, service)
			}
		}
		for _, r := range rule.Resources {
			if !resourcePattern.MatchString(r) || !strings.HasPrefix(r, "arn:"+c.Partition+":") {
				bad("allow_resource_malformed", field+".resources", "%q is not an ARN of partition %s, such as arn:aws:s3:::orders/*", access.Clip(r, 60), c.Partition)
			}
		}
	}
	return issues
}

// allows reports whether one rule covers both. The resource may have wildcards
// itself; it is covered if everything that it matches is.
func (c Config) allows(action, resource string) bool {
	covers := func(patterns []string, s string, fold bool) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			if fold {
				p, s = strings.ToLower(p), strings.ToLower(s)
			}
			return covered(p, s)
		})
	}
	return slices.ContainsFunc(c.Allow, func(rule AllowConfig) bool {
		// IAM compares actions without regard to case, and resources with.
		return covers(rule.Actions, action, true) && covers(rule.Resources, resource, false)
	})
}

// covered reports whether pattern matches everything that s, itself a pattern,
// matches. It lets a wildcard of s only be matched by one as wide: * by *, and ?
// by ? or *. So it may refuse what is covered, and never accepts what is not.
func covered(pattern, s string) bool {
	// Going back to the last * only keeps the time below the product of the lengths.
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && s[i] != '*' && (pattern[p] == '?' || pattern[p] == s[i]):
			p, i = p+1, i+1
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
