package awsiam

import (
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// written is an entitlement as contracts write it: actions and resources, or what they
// follow from.
type written struct {
	Actions   []string `entitlement:"actions"`
	Resources []string `entitlement:"resources"`

	Bucket string `entitlement:"bucket"`
	Prefix string `entitlement:"prefix"`
	Key    string `entitlement:"key"`
	Access string `entitlement:"access"`
}

// entitlement is what a role may do.
type entitlement struct {
	parts   []part
	summary string // what approvers read; empty: the actions and resources
}

// all returns the actions of all parts, or their resources, in order and each once.
func (e entitlement) all(of func(part) []string) (out []string) {
	for _, p := range e.parts {
		out = append(out, of(p)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (e entitlement) actions() []string   { return e.all(func(p part) []string { return p.actions }) }
func (e entitlement) resources() []string { return e.all(func(p part) []string { return p.resources }) }

// listed returns the entitlement of lists of actions and resources.
func listed(actions, resources []string) entitlement {
	return entitlement{parts: []part{{sid: "RampUntil", actions: actions, resources: resources}}}
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
	var w written
	issues := integrations.DecodeEntitlement(e, &w)
	var out entitlement
	if w.named() {
		if issues = append(issues, c.checkNamed(w)...); len(issues) == 0 {
			out = entitlement{c.partsOf(w), summaryOf(w)}
		}
	} else {
		issues = append(issues, c.checkListed(e, &w)...)
		out = listed(w.Actions, w.Resources)
	}
	if len(issues) == 0 {
		issues = c.excess(out)
	}
	slices.SortStableFunc(issues, func(a, b access.Issue) int { return strings.Compare(a.Field, b.Field) })
	return out, issues.Err()
}

// checkListed returns everything that is wrong with lists of actions and resources, and
// puts them in order.
func (c Config) checkListed(e access.Entitlement, w *written) (issues access.Issues) {
	for key, list := range map[string]*[]string{"actions": &w.Actions, "resources": &w.Resources} {
		if _, given := e[key]; !given {
			issues.Add(key+"_missing", key, "is needed, or a bucket and prefix, or a key")
		}
		if len(*list) > maxItems {
			issues.Add("entitlement_too_long", key, "at most %d", maxItems)
		}
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	for _, a := range w.Actions {
		if !actionShape.MatchString(a) {
			issues.Add("action_malformed", "actions", "%q is not one action, such as s3:GetObject; wildcards are not accepted", access.Clip(a, 60))
		}
	}
	for _, r := range w.Resources {
		if code, message := c.checkResource(r); code != "" {
			issues.Add(code, "resources", "%q %s", access.Clip(r, 80), message)
		}
	}
	return issues
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
	for _, p := range ent.parts {
		for _, a := range p.actions {
			for _, r := range p.resources {
				if !c.allows(a, r) && len(issues) < maxItems {
					issues.Add("not_allowed", "actions", "this target's allow-list has no %s on %s", a, access.Clip(r, 120))
				}
			}
		}
	}
	if size := len(permissions(ent, someTime)); len(issues) == 0 && size > maxPolicy {
		issues.Add("entitlement_too_large", "resources", "the policy would have %d characters; IAM takes %d", size, maxPolicy)
	}
	return issues
}
