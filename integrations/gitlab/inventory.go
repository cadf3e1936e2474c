package gitlab

import (
	"context"
	"net/url"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// cutBelow returns the group of a path that ends with *, and whether it does.
func cutBelow(path string) (root string, wide bool) { return strings.CutSuffix(path, below) }

// below calls add with the path of each group or project below a group.
func (s *service) below(ctx context.Context, k kind, root string, add func(path string)) error {
	path, query := "groups/"+url.PathEscape(root)+"/descendant_groups", url.Values{}
	if k == projects {
		path = "groups/" + url.PathEscape(root) + "/projects"
		query = url.Values{"include_subgroups": {"true"}, "with_shared": {"false"}, "archived": {"false"}, "simple": {"true"}}
	}
	found, err := jsonhttp.List(ctx, s.client, api+path, query, func(one struct {
		Group   string `json:"full_path"`
		Project string `json:"path_with_namespace"`
	}) {
		add(one.Group + one.Project)
	})
	if err == nil && !found {
		err = access.Errorf(access.CodeForbidden, "GitLab does not show Ramp group %s", root)
	}
	return err
}

// Ping implements integrations.Pinger: whether GitLab takes the token, which needs the scope
// api and must not have ended, and shows each group and project that the allow-list has.
func (t *target) Ping(ctx context.Context) error {
	s := t.service
	for _, rule := range s.config.Allow {
		for k, paths := range map[kind][]string{groups: rule.Groups, projects: rule.Projects} {
			for _, path := range paths {
				at := k
				root, wide := cutBelow(path)
				if wide {
					at = groups
				}
				if _, err := s.place(ctx, at, root); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
