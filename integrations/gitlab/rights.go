package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader: the scopes of Ramp's own token, whether its user
// is an administrator, the user's role where the allow-list has anything, and where else they
// have one. Errors are those of GitLab.
func (t *target) Rights(ctx context.Context) (r integrations.Rights, err error) {
	s := t.service
	if err := s.scopeRights(ctx, &r); err != nil {
		return r, err
	}
	var own struct {
		ID      int64 `json:"id"`
		IsAdmin bool  `json:"is_admin"` // GitLab says it to administrators alone
	}
	found, err := s.client.Call(ctx, http.MethodGet, api+"user", nil, &own)
	switch {
	case err != nil:
		return r, err
	case !found || own.ID <= 0:
		return r, s.client.Unexpected(http.MethodGet, api+"user")
	case own.IsAdmin && s.config.Provider == "":
		r.TooMuch = append(r.TooMuch, "everything in this GitLab: the token's user is an administrator, which only provider needs")
		return r, nil
	case own.IsAdmin:
		r.Unknown = append(r.Unknown, "what the token's user may do beside: provider needs an administrator, who may do everything in this GitLab")
		return r, nil
	case s.config.Provider != "":
		r.Lacks = append(r.Lacks, "an administrator as the token's user, to find people by provider")
	}
	if err := s.roleRights(ctx, own.ID, &r); err != nil {
		return r, err
	}
	return r, s.rightsElsewhere(ctx, &r)
}

// scopeRights compares the token's scopes.
func (s *service) scopeRights(ctx context.Context, r *integrations.Rights) error {
	var token struct {
		Scopes []string `json:"scopes"`
	}
	found, err := s.client.Call(ctx, http.MethodGet, api+"personal_access_tokens/self", nil, &token)
	switch {
	case access.CodeOf(err) == access.CodeForbidden && err != nil || err == nil && !found:
		r.Unknown = append(r.Unknown, "the token's scopes: GitLab does not say them")
		return nil
	case err != nil:
		return err
	}
	if !slices.Contains(token.Scopes, "api") {
		r.Lacks = append(r.Lacks, "scope api")
	}
	for _, scope := range token.Scopes {
		switch scope {
		case "api", "read_api", "read_user", "self_rotate": // api has the others
		case "admin_mode":
			if s.config.Provider == "" {
				r.TooMuch = append(r.TooMuch, "scope admin_mode")
			}
		default:
			r.TooMuch = append(r.TooMuch, "scope "+access.Clip(scope, 60))
		}
	}
	return nil
}

// where is a group or project of the allow-list, or the group above those that it gives.
type where struct {
	kind kind
	path string
}

func (w where) String() string { return strings.TrimSuffix(string(w.kind), "s") + " " + w.path }

// rolesNeeded returns the lowest role that Ramp needs in each place, by level: owners change
// the members of groups, and maintainers those of projects, up to their own role. A group
// above projects passes its role on to them.
func (c Config) rolesNeeded() map[where]int {
	need := map[where]int{}
	add := func(k kind, path string, level int) {
		root, wide := cutBelow(path)
		if wide {
			k = groups
		}
		at := where{k, root}
		need[at] = max(need[at], level)
	}
	for _, rule := range c.Allow {
		for _, path := range rule.Groups {
			add(groups, path, levelOf("owner"))
		}
		highest := levelOf("maintainer")
		for _, role := range rule.Roles {
			highest = max(highest, levelOf(role))
		}
		for _, path := range rule.Projects {
			add(projects, path, highest)
		}
	}
	return need
}

// isBelow reports whether a path is below a group.
func isBelow(path, group string) bool { return strings.HasPrefix(path, group+"/") }

// owned reports whether a path is below a group that Ramp needs to own, so that it owns that
// too.
func owned(need map[where]int, path string) bool {
	for at, level := range need {
		if at.kind == groups && level >= levelOf("owner") && isBelow(path, at.path) {
			return true
		}
	}
	return false
}

// roleRights compares the role of the token's user with what each place needs.
func (s *service) roleRights(ctx context.Context, user int64, r *integrations.Rights) error {
	need := s.config.rolesNeeded()
	for _, at := range sorted(need) {
		id, err := s.place(ctx, at.kind, at.path)
		if access.CodeOf(err) == access.CodeInvalid && err != nil {
			r.Lacks = append(r.Lacks, "to see "+at.String())
			continue
		}
		if err != nil {
			return err
		}
		var is member
		if _, err := s.client.Call(ctx, http.MethodGet, fmt.Sprintf("%s%s/%s/members/all/%d", api, at.kind, id, user), nil, &is); err != nil {
			return err
		}
		switch enough := roleOf(need[at]); {
		case is.Level < need[at]:
			r.Lacks = append(r.Lacks, "role "+enough+" in "+at.String())
		case is.Level > need[at] && !owned(need, at.path):
			r.TooMuch = append(r.TooMuch, "role "+roleOf(is.Level)+" in "+at.String()+", where "+enough+" is enough")
		}
	}
	return nil
}

func sorted(need map[where]int) []where {
	all := make([]where, 0, len(need))
	for at := range need {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b where) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// rightsElsewhere looks for groups and projects in which the token's user has a role, and
// which neither the allow-list has nor a group that Ramp needs.
func (s *service) rightsElsewhere(ctx context.Context, r *integrations.Rights) error {
	need := s.config.rolesNeeded()
	for _, k := range []kind{groups, projects} {
		var elsewhere []string
		query := url.Values{"min_access_level": {strconv.Itoa(levelOf("guest"))}}
		if k == projects {
			query["membership"], query["simple"] = []string{"true"}, []string{"true"}
		}
		found, err := jsonhttp.List(ctx, s.client, api+string(k), query, func(one struct {
			Group   string `json:"full_path"`
			Project string `json:"path_with_namespace"`
		}) {
			if path := one.Group + one.Project; !s.config.reaches(need, k, path) {
				elsewhere = append(elsewhere, path)
			}
		})
		if err != nil {
			return err
		}
		if !found {
			return s.client.Unexpected(http.MethodGet, api+string(k))
		}
		if len(elsewhere) > 0 {
			slices.Sort(elsewhere)
			r.TooMuch = append(r.TooMuch, integrations.Some("a role in "+string(k)+" that allow does not have:", elsewhere))
		}
	}
	return nil
}

// reaches reports whether Ramp needs a role in a place, or cannot do without: a group passes
// its role on to all that is below it.
func (c Config) reaches(need map[where]int, k kind, path string) bool {
	if c.gives(k, path, "") || owned(need, path) {
		return true
	}
	if k == projects {
		return false
	}
	for at := range need {
		if at.kind == groups && (at.path == path || isBelow(path, at.path)) {
			return true
		}
	}
	return false
}
