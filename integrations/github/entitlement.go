package github

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// entitlement is one role in a team, or one in a repository.
type entitlement struct {
	Team           string `entitlement:"team"`
	Role           string `entitlement:"role"`
	Repository     string `entitlement:"repository"`
	RepositoryRole string `entitlement:"repositoryRole"`
}

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (out entitlement, err error) {
	issues := integrations.DecodeEntitlement(e, &out)
	if len(issues) > 0 {
		return out, issues.Err()
	}
	team, repository := out.Team != "" || out.Role != "", out.Repository != "" || out.RepositoryRole != ""
	switch {
	case team == repository:
		issues.Add("entitlement_one", "team", "either team and role are needed, or repository and repositoryRole")
	case team:
		issues.Require(out.Role != "", "role_missing", "role", "is needed: member or maintainer")
		issues.Require(slugShape.MatchString(out.Team), "team_malformed", "team", "%q is no team's slug, such as platform-oncall", access.Clip(out.Team, 60))
		if len(issues) == 0 {
			issues.Require(slices.ContainsFunc(c.Allow, func(r AllowConfig) bool { return has(r.Teams, out.Team) && slices.Contains(r.Roles, out.Role) }),
				"not_allowed", "team", "this target's allow-list has no %s of team %s", access.Clip(out.Role, 40), out.Team)
		}
	default:
		issues.Require(out.RepositoryRole != "", "repository_role_missing", "repositoryRole", "is needed, such as write")
		issues.Require(repoShape.MatchString(out.Repository), "repository_malformed", "repository", "%q is no repository's name, which has no owner before it", access.Clip(out.Repository, 60))
		if len(issues) == 0 {
			issues.Require(slices.ContainsFunc(c.Allow, func(r AllowConfig) bool {
				return has(r.Repositories, out.Repository) && slices.Contains(r.RepositoryRoles, out.RepositoryRole)
			}), "not_allowed", "repository", "this target's allow-list has no %s in repository %s", access.Clip(out.RepositoryRole, 40), out.Repository)
		}
	}
	return out, issues.Err()
}

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	c := t.service.config
	ent, err := c.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	scope := access.Scope{Facts: map[string]string{"organisation": c.Organisation},
		Ends: "a membership has no end of its own on GitHub: it stays until Ramp, or somebody else, removes it. " +
			"What the person has copied, and keys that they added to a repository, stay"}
	if ent.Team != "" {
		scope.Summary = ent.Role + " of team " + ent.Team + " of GitHub organisation " + c.Organisation
		scope.Facts["team"], scope.Facts["role"] = ent.Team, ent.Role
	} else {
		scope.Summary = ent.RepositoryRole + " in repository " + c.Organisation + "/" + ent.Repository + " on GitHub"
		scope.Facts["repository"], scope.Facts["role"] = ent.Repository, ent.RepositoryRole
	}
	if addsPeople(scope.Facts["role"]) {
		scope.Facts["adds people"] = "yes"
		scope.Ends += ". So do people and teams that they added, through whom they can come back"
	}
	return scope, nil
}
