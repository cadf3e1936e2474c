package awsiam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
)

var (
	actionPattern   = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9*?]+$`)
	resourcePattern = regexp.MustCompile(`^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9*?-]*:[0-9*?]*:.+$`)
)

// escalating are services of which one permission can lead to others. Their actions
// are allowed one by one, never by a wildcard that somebody meant as "read".
var escalating = []string{"account", "iam", "identitystore", "organizations", "rolesanywhere", "signin", "sso", "sso-directory", "sts"}

func (c Config) validateAllow() (issues access.Issues) {
	require := issues.Require
	require(len(c.Allow) > 0, "allow_missing", "allow", "what contracts may give is needed: actions and resources")
	for i, rule := range c.Allow {
		field := fmt.Sprintf("allow[%d]", i)
		require(len(rule.Actions) > 0 && len(rule.Resources) > 0, "allow_incomplete", field, "both actions and resources are needed")
		for _, a := range rule.Actions {
			service, verb, _ := strings.Cut(a, ":")
			require(actionPattern.MatchString(a), "allow_action_malformed", field+".actions", "%q is not like s3:GetObject or s3:Get*", access.Clip(a, 60))
			require(!slices.Contains(escalating, service) || !strings.ContainsAny(verb, "*?"), "allow_escalates", field+".actions",
				"%s: actions of %s lead to other permissions; list each one", access.Clip(a, 60), service)
		}
		for _, r := range rule.Resources {
			require(resourcePattern.MatchString(r) && strings.HasPrefix(r, "arn:"+c.Partition+":"), "allow_resource_malformed", field+".resources",
				"%q is not an ARN of partition %s, such as arn:aws:s3:::orders/*", access.Clip(r, 60), c.Partition)
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
			return awsapi.Covers(p, s)
		})
	}
	return slices.ContainsFunc(c.Allow, func(rule AllowConfig) bool {
		// IAM compares actions without regard to case, and resources with.
		return covers(rule.Actions, action, true) && covers(rule.Resources, resource, false)
	})
}
