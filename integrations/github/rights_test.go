package github

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/github/githubtest"
)

func (f *forge) rights(t *testing.T) integrations.Rights {
	t.Helper()
	r, err := f.open(t, nil).Rights(t.Context())
	require.NoError(t, err)
	return r
}

// TestRightsOfApp: the installation that the page describes is just what is needed; of
// another, what it lacks and what whoever has the App's key may do beside it is said.
func TestRightsOfApp(t *testing.T) {
	f := start(t)
	f.asApp(t)
	set := func(i githubtest.Installation) { f.Do(func() { f.Installations[77] = &i }) }
	asDescribed := func() map[string]string {
		return map[string]string{"members": "write", "administration": "write", "metadata": "read"}
	}
	set(githubtest.Installation{Account: "acme", Permissions: asDescribed(), Selected: []string{"payments"}})
	require.Equal(t, integrations.Rights{}, f.rights(t))

	set(githubtest.Installation{Account: "acme", Permissions: map[string]string{"members": "read", "contents": "write", "metadata": "read", "secrets": "read"}, Selected: []string{"ledger", "site"}})
	f.Do(func() { f.Installations[78] = &githubtest.Installation{Account: "else"} })
	require.Equal(t, integrations.Rights{
		Lacks: []string{"permission administration: write", "permission members: write", "an installation on repositories payments"},
		TooMuch: []string{"permission contents: write", "permission secrets: read", "repositories that allow does not have: ledger, site",
			"installation 78 in else: the App's key makes tokens for it, too"},
	}, f.rights(t))
	f.Do(func() { delete(f.Installations, 78) })

	set(githubtest.Installation{Account: "acme", Permissions: asDescribed()})
	require.Equal(t, integrations.Rights{TooMuch: []string{"all repositories of the organisation: the App is not installed on those alone that allow has"}}, f.rights(t))
	f.config.Allow[0].Repositories = []string{"*"}
	require.Equal(t, integrations.Rights{}, f.rights(t))

	// Without repositories the permission to administer them is too much; without teams, to
	// change members.
	f.config.Allow[0].Repositories, f.config.Allow[0].RepositoryRoles = nil, nil
	require.Equal(t, integrations.Rights{TooMuch: []string{"permission administration: write"}}, f.rights(t))
	f.config.Allow = []AllowConfig{{Repositories: []string{"*"}, RepositoryRoles: []string{"read"}}}
	require.Equal(t, integrations.Rights{TooMuch: []string{"permission members: write"}}, f.rights(t))

	set(githubtest.Installation{Account: "else", Permissions: map[string]string{"members": "read", "administration": "write", "metadata": "read"}, IsSuspended: true})
	require.Equal(t, integrations.Rights{Lacks: []string{"an installation in organisation acme: installation 77 is in else", "everything: the installation is suspended"}}, f.rights(t))
	f.Do(func() { clear(f.Installations) })
	_, err := f.open(t, nil).Rights(t.Context())
	code(t, access.CodeForbidden, err, "no installation 77")
}

// TestRightsOfToken: of a classic token GitHub says the scopes; of a fine-grained one nothing,
// which is said.
func TestRightsOfToken(t *testing.T) {
	f := start(t)
	set := func(u githubtest.TokenUser) { f.Do(func() { f.Owner = u }) }
	code := "the code of every repository, which the scope repo has: no other scope is enough, and an App's permissions are narrower"
	set(githubtest.TokenUser{Role: "admin", Scopes: []string{"admin:org", "repo"}})
	require.Equal(t, integrations.Rights{TooMuch: []string{code}}, f.rights(t))

	set(githubtest.TokenUser{Role: "member", Scopes: []string{"delete_repo", "read:org"}, Others: []string{"else"}})
	require.Equal(t, integrations.Rights{
		Lacks:   []string{"an owner of organisation acme: the token's user robot is none", "scope admin:org", "scope repo"},
		TooMuch: []string{"scope delete_repo", "organisation else: a classic token is good wherever its owner is a member"},
	}, f.rights(t))
	set(githubtest.TokenUser{Scopes: []string{}})
	require.Equal(t, []string{"an owner of organisation acme: the token's user robot is none", "scope admin:org", "scope repo"}, f.rights(t).Lacks)

	set(githubtest.TokenUser{Role: "admin", Scopes: []string{"admin:org", "repo"}})
	f.config.Allow = []AllowConfig{{Repositories: []string{"*"}, RepositoryRoles: []string{"read"}}}
	require.Equal(t, integrations.Rights{TooMuch: []string{"scope admin:org", code}}, f.rights(t), "read:org is enough to see who is a member")
	f.config.Allow = []AllowConfig{{Teams: []string{"*"}, Roles: []string{"member"}}}
	require.Equal(t, integrations.Rights{TooMuch: []string{"scope repo"}}, f.rights(t))

	set(githubtest.TokenUser{Role: "admin"})
	unknown := "the permissions of a fine-grained token: GitHub does not say them"
	require.Equal(t, integrations.Rights{Unknown: []string{unknown}}, f.rights(t))
	set(githubtest.TokenUser{Refused: true})
	require.Equal(t, integrations.Rights{Unknown: []string{"whether the token's user robot owns organisation acme", unknown}}, f.rights(t))
}
