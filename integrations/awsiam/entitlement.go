package awsiam

import (
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// entitlement is some actions on some resources. Both lists are in order.
type entitlement struct {
	Actions   []string `entitlement:"actions,required"`
	Resources []string `entitlement:"resources,required"`
}

var (
	actionShape = regexp.MustCompile(`^[a-z0-9-]{1,60}:[A-Za-z0-9]{1,100}$`)
	// Region and account are written out or empty, never wildcards. A resource has
	// no $: AWS would fill in a policy variable after somebody approved it.
	resourceShape = regexp.MustCompile(`^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:([A-Za-z0-9_.:/=+,@*?#!()~-]+)$`)
)

const (
	maxItems = 50
	// maxPolicy is in characters. It leaves room below IAM's limit for all inline
	// policies of a role (10,240), because ending adds one.
	maxPolicy = 9500
	maxARN    = 1500 // characters
)

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (entitlement, error) {
	var out entitlement
	issues := integrations.DecodeEntitlement(e, &out)
	for key, list := range map[string]*[]string{"actions": &out.Actions, "resources": &out.Resources} {
		if len(*list) > maxItems {
			issues.Add("entitlement_too_long", key, "at most %d", maxItems)
		}
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	for _, a := range out.Actions {
		if !actionShape.MatchString(a) {
			issues.Add("action_malformed", "actions", "%q is not one action, such as s3:GetObject; wildcards are not accepted", access.Clip(a, 60))
		}
	}
	for _, r := range out.Resources {
		if code, message := c.checkResource(r); code != "" {
			issues.Add(code, "resources", "%q %s", access.Clip(r, 80), message)
		}
	}
	if len(issues) == 0 {
		issues = c.excess(out)
	}
	slices.SortStableFunc(issues, func(a, b access.Issue) int { return strings.Compare(a.Field, b.Field) })
	return out, issues.Err()
}

// checkResource returns the code and message of an issue that an ARN has; empty
// if it has none.
func (c Config) checkResource(arn string) (code, message string) {
	m := resourceShape.FindStringSubmatch(arn)
	switch {
	case m == nil || len(arn) > maxARN:
		return "resource_malformed", "is not the ARN of a resource, such as arn:aws:s3:::orders/*"
	case !strings.HasPrefix(arn, "arn:"+c.Partition+":"):
		return "resource_partition", "is not in partition " + c.Partition
	case strings.ContainsAny(m[1][:1], "*?"):
		return "resource_wildcard", "stands for everything: a resource begins with its name"
	}
	// Anybody who may change Ramp's roles may move the end of their own access.
	fixed, own := arn, c.roleARN("")
	if i := strings.IndexAny(arn, "*?"); i >= 0 {
		fixed = arn[:i]
	}
	if strings.HasPrefix(fixed, own) || fixed != arn && strings.HasPrefix(own, fixed) {
		return "resource_ramps", "may be one of Ramp's own roles"
	}
	return "", ""
}

// excess returns what goes beyond the target's allow-list or IAM's limits.
func (c Config) excess(ent entitlement) (issues access.Issues) {
	for _, a := range ent.Actions {
		for _, r := range ent.Resources {
			if !c.allows(a, r) && len(issues) < maxItems {
				issues.Add("not_allowed", "actions", "this target's allow-list has no %s on %s", a, access.Clip(r, 120))
			}
		}
	}
	if size := len(permissions(ent, someTime)); len(issues) == 0 && size > maxPolicy {
		issues.Add("entitlement_too_large", "resources", "the policy would have %d characters; IAM takes %d", size, maxPolicy)
	}
	return issues
}
