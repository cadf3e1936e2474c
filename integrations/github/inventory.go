package github

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// The target's lists.
const (
	listTeams        = "teams"
	listRepositories = "repositories"
)

// Lists returns the names of the lists that a target of this kind has.
func (Config) Lists() []string { return []string{listTeams, listRepositories} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.service.config.Lists() }

// Choices implements integrations.Inventory: the organisation's teams, and its repositories
// that are not archived, of those that some rule of the allow-list gives. What the
// configuration describes and GitHub does not have is left out.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	s := t.service
	own := map[string]integrations.DescribedChoice{}
	for _, one := range s.config.Describe[list] {
		own[one.Value] = one
	}
	var out []integrations.DescribedChoice
	add := func(value, label string) {
		one := own[value]
		one.Value = value
		if one.Label == "" {
			one.Label = access.Clip(label, 100)
		}
		out = append(out, one)
	}
	var found bool
	var err error
	of := "/orgs/" + s.config.Organisation
	if list == listTeams {
		found, err = jsonhttp.List(ctx, s.client, of+"/teams", nil, func(one struct {
			Slug string `json:"slug"`
			Name string `json:"name"`
		}) {
			if slugShape.MatchString(one.Slug) && s.config.gives(one.Slug, "") {
				add(one.Slug, one.Name)
			}
		})
	} else {
		found, err = jsonhttp.List(ctx, s.client, of+"/repos", nil, func(one struct {
			Name     string `json:"name"`
			Archived bool   `json:"archived"`
		}) {
			if !one.Archived && repoShape.MatchString(one.Name) && s.config.gives("", one.Name) {
				add(one.Name, "")
			}
		})
	}
	if err != nil {
		return nil, "", err
	}
	if !found {
		return nil, "", access.Errorf(access.CodeForbidden, "GitHub does not show Ramp the %s of organisation %s", list, s.config.Organisation)
	}
	return integrations.Described{list: out}.Page(ctx, list, nil, after)
}

// Ping implements integrations.Pinger: whether Ramp sees the organisation and, of what the
// allow-list has, its teams and repositories.
func (t *target) Ping(ctx context.Context) error {
	s := t.service
	for _, list := range t.Lists() {
		asked := false
		for _, rule := range s.config.Allow {
			asked = asked || list == listTeams && len(rule.Teams) > 0 || list == listRepositories && len(rule.Repositories) > 0
		}
		if !asked {
			continue
		}
		if _, _, err := t.Choices(ctx, list, ""); err != nil {
			return err
		}
	}
	return nil
}
