package gitlab

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// entitlement is one role in a group, or in a project.
type entitlement struct {
	Group   string `entitlement:"group"`
	Project string `entitlement:"project"`
	Role    string `entitlement:"role,required"`
}

func (e entitlement) kind() kind {
	if e.Group != "" {
		return groups
	}
	return projects
}

func (e entitlement) path() string { return e.Group + e.Project }

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (out entitlement, err error) {
	issues := integrations.DecodeEntitlement(e, &out)
	if len(issues) > 0 {
		return out, issues.Err()
	}
	issues.Require((out.Group == "") != (out.Project == ""), "entitlement_one", "group", "either group or project is needed")
	issues.Require(levelOf(out.Role) > 0, "role_unknown", "role", "%q is no role; there are guest, planner, reporter, developer, maintainer and owner", access.Clip(out.Role, 40))
	if len(issues) == 0 {
		issues.Require(pathShape.MatchString(out.path()), "path_malformed", "group", "%q is no full path, such as acme/payments", access.Clip(out.path(), 80))
	}
	if len(issues) == 0 {
		issues.Require(c.gives(out.kind(), out.path(), out.Role), "not_allowed", "role", "this target's allow-list has no %s in %s", out.Role, access.Clip(out.path(), 200))
	}
	return out, issues.Err()
}

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, err := t.service.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	what := "group"
	if ent.Project != "" {
		what = "project"
	}
	scope := access.Scope{Summary: ent.Role + " in " + what + " " + ent.path() + " of GitLab",
		Facts: map[string]string{what: ent.path(), "role": ent.Role, "GitLab": t.service.config.Address},
		Ends: "GitLab itself ends the membership at the beginning of a day, one to two days after the end. " +
			"What the person has copied, and keys and tokens that they made in a project, stay"}
	if ent.Group != "" {
		scope.Facts["reaches"] = "everything below the group"
	}
	if addsPeople(ent.Role) {
		scope.Facts["adds people"] = "yes"
		scope.Ends += ". So do people whom they added, through whom they can come back"
	}
	return scope, nil
}

// The target's lists.
const (
	listGroups   = "groups"
	listProjects = "projects"
)

// Lists returns the names of the lists that a target of this kind has.
func (Config) Lists() []string { return []string{listGroups, listProjects} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.service.config.Lists() }

// Choices implements integrations.Inventory: the paths that the allow-list has, and what
// GitLab has below those that end with *.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	values, err := t.service.values(ctx, kind(list))
	if err != nil {
		return nil, "", err
	}
	described := integrations.Described{}
	for _, one := range t.service.config.Describe[list] {
		if slices.Contains(values, one.Value) {
			described[list] = append(described[list], one)
		}
	}
	return described.Page(ctx, list, values, after)
}

// values returns the paths of what the allow-list gives and, below a root, GitLab shows.
func (s *service) values(ctx context.Context, k kind) (out []string, err error) {
	add := func(path string) {
		if pathShape.MatchString(path) && s.config.gives(k, path, "") && !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	for _, rule := range s.config.Allow {
		for _, path := range rule.of(k) {
			root, wide := cutBelow(path)
			if !wide {
				add(path)
				continue
			}
			if err := s.below(ctx, k, root, add); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
