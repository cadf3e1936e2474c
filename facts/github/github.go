// Package github asks GitHub, or GitHub Enterprise Server, about issues. Paths and shapes
// are those of "Get an issue" and "Get a repository" in its REST API documentation:
// https://docs.github.com/en/rest/issues/issues.
package github

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

const address = "https://api.github.com"

// Fields are those of its configuration. Of a GitHub Enterprise Server the address ends in
// /api/v3.
func Fields() source.Fields {
	return source.Fields{Address: address, Needs: []string{"projects"}, Takes: []string{"severities"}}
}

// GitHub is a source of tickets.
type GitHub struct {
	*source.Client
	config source.Config
}

var repositoryForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_.-]{1,100}$`)

// Open returns the source, and calls nothing.
func Open(c source.Config) (*GitHub, error) {
	for _, p := range c.Projects {
		if !repositoryForm.MatchString(p) || strings.HasSuffix(p, "/.") || strings.HasSuffix(p, "/..") {
			return nil, access.InvalidField("project_malformed", "projects", "a repository of GitHub is like acme/ops")
		}
	}
	client, err := c.Open(source.Dialect{Name: "GitHub", Address: address, ErrorFields: []string{"message"},
		Header: http.Header{"Accept": {"application/vnd.github+json"}, "X-Github-Api-Version": {"2022-11-28"}}})
	return &GitHub{client, c}, err
}

var keyForm = regexp.MustCompile(`^(.+)#([1-9][0-9]{0,14})$`)

// Ask implements source.Source. A key is like acme/ops#12. Only repositories in the
// configuration count: everybody can have one of their own, with issues in it.
func (g *GitHub) Ask(ctx context.Context, kind access.FactKind, key string) (source.Reply, error) {
	if kind != access.FactTicket {
		return source.Reply{}, source.WrongKind("GitHub", kind)
	}
	reply := source.Reply{AsOf: time.Now()}
	parts := keyForm.FindStringSubmatch(key)
	if parts == nil || !slices.Contains(g.config.Projects, parts[1]) {
		reply.Absent = true
		return reply, nil
	}
	repository, number := parts[1], parts[2]
	var is struct {
		Number   int64  `json:"number"`
		State    string `json:"state"` // open or closed
		Assignee *struct {
			ID int64 `json:"id"` // a login may be given up, and taken by somebody else
		} `json:"assignee"`
		Labels []struct {
			Name string `json:"name"`
		} `json:"labels"`
		PullRequest *struct{} `json:"pull_request"`
	}
	found, err := g.Get(ctx, "/repos/"+repository+"/issues/"+number, &is)
	if err != nil {
		return source.Reply{}, err
	}
	if !found {
		reply.Absent = true
		return reply, g.repository(ctx, repository) // to a token that may not see it, all is absent
	}
	if strconv.FormatInt(is.Number, 10) != number || is.State != "open" && is.State != "closed" {
		return source.Reply{}, g.Unexpected("the issue that was asked for, open or closed")
	}
	t := &access.Ticket{Open: is.State == "open", Project: repository, Type: "issue"}
	if is.PullRequest != nil {
		t.Type = "pull request"
	}
	for _, l := range is.Labels {
		if n := g.config.Severity(l.Name, nil); n > 0 && (t.Severity == 0 || n > t.Severity) {
			t.Severity = n // of two labels the milder: everybody who may label could add a graver one
		}
	}
	if is.Assignee != nil {
		t.Assignee = g.config.Person(strconv.FormatInt(is.Assignee.ID, 10), "")
	}
	reply.Ticket = t
	return reply, nil
}

// repository returns an error if Ramp's token does not see a repository.
func (g *GitHub) repository(ctx context.Context, name string) error {
	found, err := g.Has(ctx, "/repos/"+name, "id")
	if err == nil && !found {
		err = access.Errorf(access.CodeForbidden, "GitHub does not show the repository %s to Ramp's token", name)
	}
	return err
}

// Ping implements source.Service.
func (g *GitHub) Ping(ctx context.Context) error {
	for _, p := range g.config.Projects {
		if err := g.repository(ctx, p); err != nil {
			return err
		}
		var issues []struct {
			Number int64 `json:"number"`
		}
		found, err := g.Get(ctx, "/repos/"+p+"/issues?per_page=1", &issues)
		if err == nil && !found {
			err = access.Errorf(access.CodeForbidden, "GitHub does not show the issues of %s to Ramp's token", p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
