package awsiam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// entitlement is some actions on some resources, each list in order.
type entitlement struct {
	actions, resources []string
}

var (
	actionShape = regexp.MustCompile(`^[a-z0-9-]{1,60}:[A-Za-z0-9]{1,100}$`)
	// Region and account are written out or empty, never wildcards. No $: a
	// policy variable would be filled in by AWS after somebody approved it.
	resourceShape = regexp.MustCompile(`^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:([A-Za-z0-9_.:/=+,@*?#!()~-]+)$`)
)

const (
	maxItems = 50
	// maxPolicy leaves room below IAM's limit for all inline policies of a role
	// (10,240 characters), because ending adds one.
	maxPolicy = 9500
	maxARN    = 1500
)

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (entitlement, error) {
	var out entitlement
	var issues []access.Issue
	bad := func(code, field, format string, args ...any) {
		issues = append(issues, access.Issue{Code: code, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	fields := map[string]*[]string{"actions": &out.actions, "resources": &out.resources}
	for key, value := range e {
		field, known := fields[key]
		if !known {
			bad("entitlement_unknown", access.Clip(key, 40), "unknown; known are actions, resources")
			continue
		}
		list, ok := texts(value)
		if !ok {
			bad("entitlement_type", key, "must be a list of texts")
			continue
		}
		if len(list) > maxItems {
			bad("entitlement_too_long", key, "at most %d", maxItems)
			continue
		}
		slices.Sort(list)
		*field = slices.Compact(list)
	}
	for key, list := range fields {
		if _, given := e[key]; !given || (len(*list) == 0 && len(issues) == 0) {
			bad(key+"_missing", key, "at least one is needed")
		}
	}
	for _, a := range out.actions {
		if !actionShape.MatchString(a) {
			bad("action_malformed", "actions", "%q is not one action, such as s3:GetObject; wildcards are not accepted", access.Clip(a, 60))
		}
	}
	for _, r := range out.resources {
		if code, message := c.checkResource(r); code != "" {
			bad(code, "resources", "%q %s", access.Clip(r, 80), message)
		}
	}
	if len(issues) == 0 {
		issues = c.excess(out)
	}
	if len(issues) > 0 {
		slices.SortFunc(issues, func(a, b access.Issue) int {
			return strings.Compare(a.Field+a.Code+a.Message, b.Field+b.Code+b.Message)
		})
		return out, access.Invalid(issues...)
	}
	return out, nil
}

// checkResource says what is wrong with an ARN: an issue's code and message.
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
	// Who may change Ramp's roles may lift their own end.
	fixed, own := arn, c.roleARN("")
	if i := strings.IndexAny(arn, "*?"); i >= 0 {
		fixed = arn[:i]
	}
	if strings.HasPrefix(fixed, own) || fixed != arn && strings.HasPrefix(own, fixed) {
		return "resource_ramps", "may be one of Ramp's own roles"
	}
	return "", ""
}

// excess is what goes beyond the target's allow-list or IAM's limits.
func (c Config) excess(ent entitlement) (issues []access.Issue) {
	for _, a := range ent.actions {
		for _, r := range ent.resources {
			if !c.allows(a, r) && len(issues) < maxItems {
				issues = append(issues, access.Issue{Code: "not_allowed", Field: "actions",
					Message: fmt.Sprintf("this target's allow-list has no %s on %s", a, access.Clip(r, 120))})
			}
		}
	}
	if size := len(permissions(ent, someTime)); len(issues) == 0 && size > maxPolicy {
		issues = append(issues, access.Issue{Code: "entitlement_too_large", Field: "resources",
			Message: fmt.Sprintf("the policy would have %d characters; IAM takes %d", size, maxPolicy)})
	}
	return issues
}

// texts reads a list, as it comes from Go or from JSON.
func texts(v any) ([]string, bool) {
	switch list := v.(type) {
	case []string:
		return slices.Clone(list), true
	case []any:
		out := make([]string, len(list))
		for i, item := range list {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			out[i] = text
		}
		return out, true
	}
	return nil, false
}
