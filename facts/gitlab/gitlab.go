// Package gitlab asks GitLab about issues and incidents. Paths and shapes are those of
// "Single project issue" and "Get a single project" in its REST API documentation:
// https://docs.gitlab.com/api/issues/ and https://docs.gitlab.com/api/projects/.
package gitlab

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

const address = "https://gitlab.com"

// Fields are those of its configuration.
func Fields() source.Fields {
	return source.Fields{Address: address, Needs: []string{"projects"}, Takes: []string{"severities"}}
}

// GitLab is a source of tickets.
type GitLab struct {
	*source.Client
	config source.Config
}

// Open returns the source, and calls nothing.
func Open(c source.Config) (*GitLab, error) {
	client, err := c.Open(source.Dialect{Name: "GitLab", Address: address, ErrorFields: []string{"message", "error"}})
	return &GitLab{client, c}, err
}

var keyForm = regexp.MustCompile(`^(.+)#([1-9][0-9]{0,14})$`)

// Ask implements source.Source. A key is like acme/ops#12. Only projects in the
// configuration count.
func (g *GitLab) Ask(ctx context.Context, kind access.FactKind, key string) (source.Reply, error) {
	if kind != access.FactTicket {
		return source.Reply{}, source.WrongKind("GitLab", kind)
	}
	reply := source.Reply{AsOf: time.Now()}
	parts := keyForm.FindStringSubmatch(key)
	if parts == nil || !slices.Contains(g.config.Projects, parts[1]) {
		reply.Absent = true
		return reply, nil
	}
	project, number := parts[1], parts[2]
	var is struct {
		Number    int64  `json:"iid"`
		State     string `json:"state"`      // opened or closed
		Type      string `json:"issue_type"` // issue, incident, task
		Severity  string `json:"severity"`   // of an incident: CRITICAL to LOW, UNKNOWN
		Assignees []struct {
			ID    int64  `json:"id"`
			State string `json:"state"` // active, blocked
		} `json:"assignees"`
	}
	found, err := g.Get(ctx, "/api/v4/projects/"+url.PathEscape(project)+"/issues/"+number, &is)
	if err != nil {
		return source.Reply{}, err
	}
	if !found {
		reply.Absent = true
		return reply, g.project(ctx, project) // to a token that may not see it, all is absent
	}
	if strconv.FormatInt(is.Number, 10) != number || is.State != "opened" && is.State != "closed" {
		return source.Reply{}, g.Unexpected("the issue that was asked for, opened or closed")
	}
	reply.Ticket = &access.Ticket{Open: is.State == "opened", Project: project, Type: is.Type,
		Severity: g.config.Severity(is.Severity, map[string]int{"CRITICAL": 1, "HIGH": 2, "MEDIUM": 3, "LOW": 4})}
	if len(is.Assignees) == 1 && is.Assignees[0].State == "active" { // of several, none is the one
		reply.Ticket.Assignee = g.config.Person(strconv.FormatInt(is.Assignees[0].ID, 10), "")
	}
	return reply, nil
}

// project returns an error if Ramp's token does not see a project.
func (g *GitLab) project(ctx context.Context, name string) error {
	found, err := g.Has(ctx, "/api/v4/projects/"+url.PathEscape(name), "id")
	if err == nil && !found {
		err = access.Errorf(access.CodeForbidden, "GitLab does not show the project %s to Ramp's token", name)
	}
	return err
}

// Ping implements source.Service.
func (g *GitLab) Ping(ctx context.Context) error {
	for _, p := range g.config.Projects {
		if err := g.project(ctx, p); err != nil {
			return err
		}
		var issues []struct {
			Number int64 `json:"iid"`
		}
		found, err := g.Get(ctx, "/api/v4/projects/"+url.PathEscape(p)+"/issues?per_page=1", &issues)
		if err == nil && !found {
			err = access.Errorf(access.CodeForbidden, "GitLab does not show the issues of %s to Ramp's token", p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
