package azurerole

import (
	"slices"
	"strings"
)

// permission is what a role of Azure RBAC gives: actions on resources but for some, and
// actions on data but for some. Each may have wildcards.
type permission struct {
	Actions        []string `json:"actions"`
	NotActions     []string `json:"notActions"`
	DataActions    []string `json:"dataActions"`
	NotDataActions []string `json:"notDataActions"`
}

type permissions []permission

// may reports whether an action, on resources or on data, is given by one of several: what one
// leaves out, another may give. A condition on one counts for nothing.
func (all permissions) may(action string) bool {
	return slices.ContainsFunc(all, func(p permission) bool {
		return covers(p.Actions, action) && !covers(p.NotActions, action) || covers(p.DataActions, action) && !covers(p.NotDataActions, action)
	})
}

// unending returns the first action by which whoever has the permissions may give themselves
// any role, for ever; "" if there is none.
func (all permissions) unending() string {
	for _, action := range unendingActions() {
		if all.may(action) {
			return action
		}
	}
	return ""
}

// unendingActions give roles to people or let custom roles be rewritten, also through PIM.
func unendingActions() []string {
	const of = "Microsoft.Authorization/"
	return []string{of + "roleAssignments/write", of + "roleDefinitions/write", of + "elevateAccess/action",
		of + "roleAssignmentScheduleRequests/write", of + "roleEligibilityScheduleRequests/write"}
}

func covers(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, action) })
}

// matches reports whether an action is one of a pattern's, in which * stands for any text.
// Azure does not tell upper from lower case.
func matches(pattern, action string) bool {
	parts, rest := strings.Split(strings.ToLower(pattern), "*"), strings.ToLower(action)
	last := len(parts) - 1
	if last == 0 {
		return rest == parts[0]
	}
	rest, begins := strings.CutPrefix(rest, parts[0])
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(rest, part)
		rest, begins = after, begins && found
	}
	return begins && strings.HasSuffix(rest, parts[last])
}
