package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/membership"
)

// repository is a repository as GitHub lists it.
type repository struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

func (s *service) repositoryPath(name string) string {
	return "/repos/" + s.config.Organisation + "/" + url.PathEscape(name)
}

// findRepository returns the place of a repository. Errors are also of code invalid (there
// is none).
func (s *service) findRepository(ctx context.Context, name string) (string, error) {
	var out repository
	found, err := s.client.Call(ctx, http.MethodGet, s.repositoryPath(name), nil, &out)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", access.Invalid(access.Issue{Code: "repository_unknown", Field: "repository", Message: "organisation " + s.config.Organisation + " has no repository " + name + " that Ramp can see"})
	case out.ID <= 0 || out.Name != name:
		return "", s.client.Unexpected(http.MethodGet, s.repositoryPath(name))
	}
	s.names.Store(out.ID, name)
	return inRepository + number(out.ID), nil
}

// nameOf returns the name that a repository has now. Names are changed, and a new repository
// may have an old one: it is compared by its number. Errors are also of code unavailable:
// GitHub does not show it.
func (s *service) nameOf(ctx context.Context, id int64) (string, error) {
	if name, known := s.names.Load(id); known {
		var out repository
		found, err := s.client.Call(ctx, http.MethodGet, s.repositoryPath(name.(string)), nil, &out)
		if err == nil && found && out.ID == id {
			return name.(string), nil
		}
		// A repository that moved returns 301, which the client follows nowhere.
		if code := access.CodeOf(err); err != nil && code != access.CodeUnavailable {
			return "", err
		}
		s.names.Delete(id)
	}
	name := ""
	_, err := jsonhttp.List(ctx, s.client, "/orgs/"+s.config.Organisation+"/repos", nil, func(r repository) {
		if r.ID == id && repoShape.MatchString(r.Name) {
			name = r.Name
		}
	})
	switch {
	case err != nil:
		return "", err
	case name == "":
		return "", unseen("repository", id)
	}
	s.names.Store(id, name)
	return name, nil
}

// invitation is one that a person can accept to become a collaborator.
type invitation struct {
	ID      int64 `json:"id"`
	Invitee *user `json:"invitee"`
}

func (s *service) stateInRepository(ctx context.Context, id int64, person string) (out membership.State, err error) {
	name, err := s.nameOf(ctx, id)
	if err != nil {
		return out, err
	}
	found, err := jsonhttp.List(ctx, s.client, s.repositoryPath(name)+"/collaborators", direct(), func(u user) {
		if number(u.ID) == person {
			out.Role = u.RoleName
			if out.Role == "" {
				out.Role = "unknown"
			}
		}
	})
	if err != nil || out.Role != "" {
		return out, err
	}
	if !found {
		return out, unseen("repository", id)
	}
	invitations, err := s.invitations(ctx, id, name, person)
	out.Pending = len(invitations) > 0
	return out, err
}

// invitations returns the numbers of a person's invitations to a repository.
func (s *service) invitations(ctx context.Context, id int64, name, person string) (out []int64, err error) {
	found, err := jsonhttp.List(ctx, s.client, s.repositoryPath(name)+"/invitations", nil, func(i invitation) {
		if i.Invitee != nil && number(i.Invitee.ID) == person {
			out = append(out, i.ID)
		}
	})
	if err == nil && !found {
		err = unseen("repository", id)
	}
	return out, err
}

func (s *service) peopleInRepository(ctx context.Context, id int64) (map[string]bool, error) {
	name, err := s.nameOf(ctx, id)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	found, err := jsonhttp.List(ctx, s.client, s.repositoryPath(name)+"/collaborators", direct(), func(u user) { out[number(u.ID)] = true })
	if err == nil && !found {
		err = unseen("repository", id)
	}
	return out, err
}

func (s *service) removeFromRepository(ctx context.Context, id int64, person string) error {
	name, err := s.nameOf(ctx, id)
	if err != nil {
		return err
	}
	invitations, err := s.invitations(ctx, id, name, person)
	if err != nil {
		return err
	}
	for _, i := range invitations {
		if _, err := s.client.Call(ctx, http.MethodDelete, fmt.Sprintf("%s/invitations/%d", s.repositoryPath(name), i), nil, nil); err != nil {
			return err
		}
	}
	login, err := s.loginIn(ctx, s.repositoryPath(name)+"/collaborators", direct(), person)
	if err != nil || login == "" {
		return err
	}
	// State, which is asked next, tells whether a 404 is of the collaborator.
	_, err = s.client.Call(ctx, http.MethodDelete, s.repositoryPath(name)+"/collaborators/"+login, nil, nil)
	return err
}
