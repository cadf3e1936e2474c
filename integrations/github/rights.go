package github

import (
	"context"
	"fmt"
	"maps"
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

// Rights implements integrations.RightsReader. Of an App it compares what whoever has its key
// may do: the permissions of the installation, its repositories, and the App's other
// installations. Of a personal access token, its scopes and who its owner is. Errors are those
// of GitHub.
func (t *target) Rights(ctx context.Context) (integrations.Rights, error) {
	if t.service.app != nil {
		return t.service.appRights(ctx)
	}
	return t.service.tokenRights(ctx)
}

// kinds returns of which kinds the allow-list has anything.
func (c Config) kinds() (teams, repositories bool) {
	for _, rule := range c.Allow {
		teams, repositories = teams || len(rule.Teams) > 0, repositories || len(rule.Repositories) > 0
	}
	return teams, repositories
}

// permissions returns those that the App needs, by GitHub's names.
func (c Config) permissions() map[string]string {
	out := map[string]string{"members": "read"} // who is a member of the organisation
	teams, repositories := c.kinds()
	if teams {
		out["members"] = "write"
	}
	if repositories {
		out["administration"], out["metadata"] = "write", "read"
	}
	return out
}

// rank orders the levels of a permission. One that is not known may be everything.
func rank(level string) int {
	switch level {
	case "":
		return 0
	case "read":
		return 1
	case "write":
		return 2
	}
	return 3
}

// installed is an installation of the App.
type installed struct {
	ID      int64 `json:"id"`
	Account struct {
		Login string `json:"login"`
	} `json:"account"`
	Permissions map[string]string `json:"permissions"`
	Selection   string            `json:"repository_selection"`
	Suspended   string            `json:"suspended_at"`
}

func (s *service) appRights(ctx context.Context) (r integrations.Rights, err error) {
	path := "/app/installations/" + s.config.App.Installation
	var own installed
	found, err := s.app.Call(ctx, http.MethodGet, path, nil, &own)
	switch {
	case err != nil:
		return r, err
	case !found:
		return r, noInstallation(s.config.App.Installation)
	case number(own.ID) != s.config.App.Installation:
		return r, s.app.Unexpected(http.MethodGet, path)
	}
	if !strings.EqualFold(own.Account.Login, s.config.Organisation) {
		r.Lacks = append(r.Lacks, fmt.Sprintf("an installation in organisation %s: installation %s is in %s", s.config.Organisation, s.config.App.Installation, access.Clip(own.Account.Login, 60)))
	}
	if own.Suspended != "" {
		r.Lacks = append(r.Lacks, "everything: the installation is suspended")
	}
	r.Add(s.config.comparePermissions(own.Permissions))
	repositories, err := s.installedRepositories(ctx, own.Selection)
	if err != nil {
		return r, err
	}
	r.Add(repositories)
	_, err = jsonhttp.List(ctx, s.app, "/app/installations", nil, func(other installed) {
		if other.ID != own.ID {
			r.TooMuch = append(r.TooMuch, fmt.Sprintf("installation %d in %s: the App's key makes tokens for it, too", other.ID, access.Clip(other.Account.Login, 60)))
		}
	})
	return r, err
}

func (c Config) comparePermissions(have map[string]string) (r integrations.Rights) {
	need := c.permissions()
	for _, name := range slices.Sorted(maps.Keys(need)) {
		if rank(have[name]) < rank(need[name]) {
			r.Lacks = append(r.Lacks, "permission "+name+": "+need[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		// GitHub gives metadata: read beside every other permission of repositories.
		if rank(have[name]) > max(rank(need[name]), rank(map[string]string{"metadata": "read"}[name])) {
			r.TooMuch = append(r.TooMuch, "permission "+access.Clip(name, 60)+": "+access.Clip(have[name], 20))
		}
	}
	return r
}

// installedRepositories compares the repositories of the installation with those that the
// allow-list names. Where it has *, the installation says which they are.
func (s *service) installedRepositories(ctx context.Context, selection string) (r integrations.Rights, err error) {
	var named []string
	for _, rule := range s.config.Allow {
		named = append(named, rule.Repositories...)
	}
	if len(named) == 0 || slices.Contains(named, everything) {
		return r, nil
	}
	switch selection {
	case "all":
		return integrations.Rights{TooMuch: []string{"all repositories of the organisation: the App is not installed on those alone that allow has"}}, nil
	case "selected":
	default:
		return integrations.Rights{Unknown: []string{"on which repositories the App is installed"}}, nil
	}
	have, err := s.selectedRepositories(ctx)
	if err != nil {
		return r, err
	}
	if missing := integrations.Beside(named, have); len(missing) > 0 {
		r.Lacks = append(r.Lacks, integrations.Some("an installation on repositories", missing))
	}
	if more := integrations.Beside(have, named); len(more) > 0 {
		r.TooMuch = append(r.TooMuch, integrations.Some("repositories that allow does not have:", more))
	}
	return r, nil
}

// selectedRepositories returns the names of the installation's repositories.
func (s *service) selectedRepositories(ctx context.Context) (names []string, err error) {
	const path = "/installation/repositories"
	for page := 1; page <= 200; page++ {
		var out struct {
			Repositories []repository `json:"repositories"`
		}
		q := url.Values{"per_page": {"100"}, "page": {strconv.Itoa(page)}}
		found, err := s.client.Call(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &out)
		if err != nil {
			return nil, err
		}
		if !found || out.Repositories == nil {
			return nil, s.client.Unexpected(http.MethodGet, path)
		}
		if len(out.Repositories) == 0 {
			return names, nil
		}
		for _, one := range out.Repositories {
			names = append(names, one.Name)
		}
	}
	return nil, access.Errorf(access.CodeUnavailable, "the installation's repositories do not end after 200 pages")
}

// scopesHeader has the scopes of a classic token. A fine-grained one has none, and GitHub
// says its permissions to nobody who has it.
const scopesHeader = "X-Oauth-Scopes"

func (s *service) tokenRights(ctx context.Context) (r integrations.Rights, err error) {
	var own user
	found, header, err := s.client.GetWithHeader(ctx, "/user", &own)
	switch {
	case err != nil:
		return r, err
	case !found || own.Login == "":
		return r, s.client.Unexpected(http.MethodGet, "/user")
	}
	if err := s.ownerRights(ctx, own.Login, &r); err != nil {
		return r, err
	}
	said, classic := header[scopesHeader]
	if !classic {
		r.Unknown = append(r.Unknown, "the permissions of a fine-grained token: GitHub does not say them")
		return r, nil
	}
	r.Add(s.config.compareScopes(strings.FieldsFunc(strings.Join(said, ","), func(c rune) bool { return c == ',' || c == ' ' })))
	found, err = jsonhttp.List(ctx, s.client, "/user/orgs", nil, func(one struct {
		Login string `json:"login"`
	}) {
		if !strings.EqualFold(one.Login, s.config.Organisation) {
			r.TooMuch = append(r.TooMuch, "organisation "+access.Clip(one.Login, 60)+": a classic token is good wherever its owner is a member")
		}
	})
	if access.CodeOf(err) == access.CodeForbidden && err != nil || err == nil && !found {
		r.Unknown = append(r.Unknown, "in which other organisations the token is good")
		err = nil
	}
	return r, err
}

// ownerRights looks whether the token's user owns the organisation.
func (s *service) ownerRights(ctx context.Context, login string, r *integrations.Rights) error {
	var in struct {
		State string `json:"state"`
		Role  string `json:"role"`
	}
	found, err := s.client.Call(ctx, http.MethodGet, "/user/memberships/orgs/"+s.config.Organisation, nil, &in)
	switch {
	case access.CodeOf(err) == access.CodeForbidden && err != nil:
		r.Unknown = append(r.Unknown, "whether the token's user "+access.Clip(login, 60)+" owns organisation "+s.config.Organisation)
	case err != nil:
		return err
	case !found || in.State != "active" || in.Role != "admin":
		r.Lacks = append(r.Lacks, "an owner of organisation "+s.config.Organisation+": the token's user "+access.Clip(login, 60)+" is none")
	}
	return nil
}

// compareScopes compares the scopes of a classic token.
func (c Config) compareScopes(have []string) (r integrations.Rights) {
	teams, repositories := c.kinds()
	need := map[string]bool{}
	if teams {
		need["admin:org"] = true
	} else if !slices.ContainsFunc(have, func(s string) bool { return s == "admin:org" || s == "write:org" || s == "read:org" }) {
		need["read:org"] = true
	}
	if repositories {
		need["repo"] = true
	}
	for _, scope := range slices.Sorted(maps.Keys(need)) {
		if !slices.Contains(have, scope) {
			r.Lacks = append(r.Lacks, "scope "+scope)
		}
	}
	for _, scope := range have {
		switch {
		case scope == "repo" && repositories:
			r.TooMuch = append(r.TooMuch, "the code of every repository, which the scope repo has: no other scope is enough, and an App's permissions are narrower")
		case need[scope], scope == "read:org":
		default:
			r.TooMuch = append(r.TooMuch, "scope "+access.Clip(scope, 60))
		}
	}
	return r
}
