package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/membership"
)

// team is a team by its numbers: its slug follows its name, which people change.
type team struct{ org, id int64 }

func (t *team) path() string { return fmt.Sprintf("/organizations/%d/team/%d", t.org, t.id) }

// findTeam returns the place of a team. Errors are also of code invalid (there is none).
func (s *service) findTeam(ctx context.Context, slug string) (string, error) {
	var out struct {
		ID           int64  `json:"id"`
		Slug         string `json:"slug"`
		Organization struct {
			ID int64 `json:"id"`
		} `json:"organization"`
	}
	path := "/orgs/" + s.config.Organisation + "/teams/" + slug
	found, err := s.client.Call(ctx, http.MethodGet, path, nil, &out)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", access.Invalid(access.Issue{Code: "team_unknown", Field: "team", Message: "organisation " + s.config.Organisation + " has no team " + slug + " that Ramp can see"})
	case out.ID <= 0 || out.Organization.ID <= 0 || out.Slug != slug:
		return "", s.client.Unexpected(http.MethodGet, path)
	}
	return fmt.Sprintf("%s%d/%d", inTeam, out.Organization.ID, out.ID), nil
}

func (s *service) stateInTeam(ctx context.Context, t *team, person string) (out membership.State, err error) {
	login, err := s.loginIn(ctx, t.path()+"/members", nil, person)
	if err != nil {
		return out, err
	}
	if login == "" {
		_, err := s.teamIsSeen(ctx, t)
		return out, err
	}
	var in struct {
		State string `json:"state"`
		Role  string `json:"role"`
	}
	path := t.path() + "/memberships/" + login
	found, err := s.client.Call(ctx, http.MethodGet, path, nil, &in)
	switch {
	case err != nil:
		return out, err
	case !found:
		_, err := s.teamIsSeen(ctx, t)
		return out, err
	case in.State == "" || in.Role == "":
		return out, s.client.Unexpected(http.MethodGet, path)
	}
	return membership.State{Role: in.Role, Pending: in.State != "active"}, nil
}

// teamIsSeen reports whether a team is there. GitHub says 404 of a team that was deleted and
// of one that Ramp may not see: if the organisation's teams are not shown either, that is an
// error.
func (s *service) teamIsSeen(ctx context.Context, t *team) (bool, error) {
	var one struct {
		ID int64 `json:"id"`
	}
	found, err := s.client.Call(ctx, http.MethodGet, t.path(), nil, &one)
	if err != nil || found {
		return found, err
	}
	teams := false
	seen, err := jsonhttp.List(ctx, s.client, "/orgs/"+s.config.Organisation+"/teams", nil, func(one struct {
		ID int64 `json:"id"`
	}) {
		teams = true
	})
	switch {
	case err != nil:
		return false, err
	case !seen || !teams:
		return false, unseen("team", t.id)
	}
	return false, nil
}

// peopleInTeam returns the members of a team, with those of the teams below it.
func (s *service) peopleInTeam(ctx context.Context, t *team) (map[string]bool, error) {
	out := map[string]bool{}
	found, err := jsonhttp.List(ctx, s.client, t.path()+"/members", nil, func(u user) { out[number(u.ID)] = true })
	if err == nil && !found {
		_, err = s.teamIsSeen(ctx, t)
	}
	return out, err
}

// permission returns the name by which GitHub takes a role in a repository, which is another
// than it shows for two of them.
func permission(role string) string {
	switch strings.ToLower(role) {
	case "read":
		return "pull"
	case "write":
		return "push"
	}
	return role
}
