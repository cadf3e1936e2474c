package gitlab

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/gitlab/gitlabtest"
)

// TestRights: the token that the page describes is just what is needed; of another, what it
// lacks and what it need not have is said.
func TestRights(t *testing.T) {
	f := start(t)
	robot := f.AddUser("robot", "robot")
	f.config.Provider, f.config.People = "", map[string]Person{"alice": {Username: "alice", ID: 1}}
	f.config.Allow = []AllowConfig{{Groups: []string{"acme/oncall"}, Roles: []string{"developer"}}, {Projects: []string{"acme/shop"}, Roles: []string{"reporter"}}}
	shop, other := f.Add(f.Projects, "acme/shop"), f.Add(f.Groups, "else")
	set := func(o gitlabtest.Own) { o.User = robot; f.Do(func() { f.Own = o }) }
	role := func(p *gitlabtest.Place, level int) { f.Member(p, robot, &gitlabtest.Member{Level: level}) }
	rights := func() integrations.Rights {
		r, err := f.open(t, nil).Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	plain := gitlabtest.Own{Scopes: []string{"api", "self_rotate"}}
	set(plain)
	require.Equal(t, integrations.Rights{Lacks: []string{"role owner in group acme/oncall", "role maintainer in project acme/shop"}}, rights())
	role(f.group, 50)
	role(shop, 40)
	require.Equal(t, integrations.Rights{}, rights(), "the project below the group goes with it")

	set(gitlabtest.Own{Scopes: []string{"read_api", "sudo", "admin_mode", "write_repository"}})
	require.Equal(t, integrations.Rights{Lacks: []string{"scope api"}, TooMuch: []string{"scope sudo", "scope admin_mode", "scope write_repository"}}, rights())

	set(plain)
	role(shop, 50)
	role(other, 10)
	f.Add(f.Projects, "else/site")
	require.Equal(t, integrations.Rights{TooMuch: []string{"role owner in project acme/shop, where maintainer is enough",
		"a role in groups that allow does not have: else", "a role in projects that allow does not have: else/site"}}, rights())
	role(other, 0)
	role(shop, 0)
	role(f.top, 50) // the group above all of them
	require.Equal(t, integrations.Rights{TooMuch: []string{"role owner in project acme/shop, where maintainer is enough", "a role in groups that allow does not have: acme"}}, rights())

	// Of projects below a group, a role in the group is what is needed.
	f.config.Allow = []AllowConfig{{Projects: []string{"acme/*"}, Roles: []string{"reporter"}}}
	role(f.group, 0)
	require.Equal(t, integrations.Rights{TooMuch: []string{"role owner in group acme, where maintainer is enough"}}, rights())
	role(f.top, 40)
	require.Equal(t, integrations.Rights{}, rights())
	f.config.Allow[0].Roles, f.config.Allow[0].MayAddPeople = []string{"owner"}, true
	require.Equal(t, integrations.Rights{Lacks: []string{"role owner in group acme"}}, rights(), "nobody gives more than they have")
	f.Do(func() { f.top.Hidden = true })
	require.Equal(t, []string{"to see group acme"}, rights().Lacks)

	set(gitlabtest.Own{IsUntold: true})
	require.Equal(t, []string{"the token's scopes: GitLab does not say them"}, rights().Unknown)
	set(gitlabtest.Own{Scopes: []string{"api"}, IsAdmin: true})
	require.Equal(t, integrations.Rights{TooMuch: []string{"everything in this GitLab: the token's user is an administrator, which only provider needs"}}, rights())
	f.config.Provider = "saml"
	require.Equal(t, integrations.Rights{Unknown: []string{"what the token's user may do beside: provider needs an administrator, who may do everything in this GitLab"}}, rights())
	set(plain)
	require.Contains(t, rights().Lacks, "an administrator as the token's user, to find people by provider")
}
