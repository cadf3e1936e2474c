package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/gitlab/gitlabtest"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformance(t *testing.T) {
	t.Run("Group", func(t *testing.T) { targettest.Run(t, start(t).harness(t, inGroup, asOwner)) })
	t.Run("Project", func(t *testing.T) { targettest.Run(t, start(t).harness(t, inProject, inGroup)) })
}

func TestCase150Sharing(t *testing.T) {
	f := start(t)
	who := f.person(t)
	targettest.Sharing(t, targettest.SharingHarness{
		Open:     func(t *testing.T) integrations.Target { return f.open(t, nil) },
		NewGrant: func() access.Grant { return grantFor(who, inGroup) },
		Exists:   func(context.Context) (bool, error) { return f.has(inGroup, who, nil).Level > 0, nil },
		ByHand: func(_ context.Context, there bool) error {
			m := gitlabtest.Member{}
			if there {
				m.Level = 30
			}
			f.has(inGroup, who, &m)
			return nil
		},
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			return f.open(t, faulty(fault, n))
		},
		Slow: func(t *testing.T, reached chan<- struct{}, goOn <-chan struct{}) integrations.Target {
			return f.open(t, func(to http.RoundTripper) http.RoundTripper {
				return targettest.SlowWire{To: to, Reached: reached, GoOn: goOn}
			})
		},
	})
}

func code(t *testing.T, want access.Code, err error, says string) {
	t.Helper()
	require.Equal(t, want, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, says)
}

func TestCase150(t *testing.T) {
	ctx := context.Background()
	t.Run("SomebodyElsesMembership", func(t *testing.T) {
		f := start(t)
		who := f.person(t)
		f.has(inGroup, who, &gitlabtest.Member{Level: 20})
		g := grantFor(who, inGroup)
		code(t, access.CodeConflict, f.open(t, nil).Grant(ctx, g), "not by Ramp")
		require.NoError(t, f.open(t, nil).Revoke(ctx, g))
		require.Equal(t, gitlabtest.Member{Level: 20}, f.has(inGroup, who, nil))
	})
	t.Run("ByAGroupAbove", func(t *testing.T) {
		f := start(t)
		who := f.person(t)
		f.Member(f.top, f.number(who), &gitlabtest.Member{Level: 40})
		code(t, access.CodeConflict, f.open(t, nil).Grant(ctx, grantFor(who, inGroup)), "maintainer there by a group already")
		require.NoError(t, f.open(t, nil).Grant(ctx, grantFor(who, asOwner)), "less than that is no reason")
	})
	t.Run("NullIsNoList", func(t *testing.T) {
		f := start(t)
		g := grantFor(f.person(t), inGroup)
		require.NoError(t, f.open(t, nil).Grant(ctx, g))
		_, err := f.open(t, func(http.RoundTripper) http.RoundTripper { return targettest.NullWire{} }).List(ctx)
		code(t, access.CodeUnavailable, err, "not what GitLab returns")
	})
	t.Run("ListThatChanges", func(t *testing.T) {
		f := start(t)
		others := make([]int64, 100)
		for i := range others {
			others[i] = f.AddUser(fmt.Sprintf("other%d", i), fmt.Sprintf("other%d", i))
			f.Member(f.group, others[i], &gitlabtest.Member{Level: 10})
		}
		g := grantFor(f.person(t), inGroup) // the last of the list
		require.NoError(t, f.open(t, nil).Grant(ctx, g))
		listed, err := f.open(t, func(to http.RoundTripper) http.RoundTripper {
			return targettest.ListWire{To: to, Path: "/members", AfterFirst: func() { f.Member(f.group, others[0], &gitlabtest.Member{}) }}
		}).List(ctx)
		require.NoError(t, err)
		require.Equal(t, []integrations.ListedGrant{{Name: g.Name}}, listed, "whoever leaves a list hides nobody who moves to a page that was read")
	})
	t.Run("WhatIsBelowAGroupStays", func(t *testing.T) {
		f := start(t)
		who := f.person(t)
		below, above := grantFor(who, inProject), grantFor(who, inGroup)
		require.NoError(t, f.open(t, nil).Grant(ctx, below))
		require.NoError(t, f.open(t, nil).Grant(ctx, above))
		require.NoError(t, f.open(t, nil).Revoke(ctx, above))
		require.Equal(t, 20, f.has(inProject, who, nil).Level, "the end of the group's grant took the project's")
		require.NoError(t, f.open(t, nil).Revoke(ctx, below))
	})
	t.Run("NotSeenIsNotGone", func(t *testing.T) {
		f := start(t)
		g := grantFor(f.person(t), inGroup)
		require.NoError(t, f.open(t, nil).Grant(ctx, g))
		f.Do(func() { f.group.Hidden = true })
		_, err := f.open(t, nil).Inspect(ctx, g)
		code(t, access.CodeUnavailable, err, "nothing proves")
		code(t, access.CodeUnavailable, f.open(t, nil).Revoke(ctx, g), "nothing proves")
		f.Do(func() { f.group.Hidden, f.group.Path = false, "acme/renamed" })
		require.NoError(t, f.open(t, nil).Revoke(ctx, g), "a group goes by its number")
		require.Zero(t, f.has(inGroup, g.Principal, nil))
	})
	t.Run("OneHiddenPlaceHidesNoOther", func(t *testing.T) {
		f := start(t)
		who := f.person(t)
		hidden, seen := grantFor(f.person(t), inGroup), grantFor(who, inProject)
		for _, g := range []access.Grant{hidden, seen, grantFor(f.person(t), inProject)} {
			require.NoError(t, f.open(t, nil).Grant(ctx, g))
		}
		f.has(inProject, who, &gitlabtest.Member{}) // somebody took it
		f.Do(func() { f.group.Hidden = true })
		listed, err := f.open(t, nil).List(ctx)
		code(t, access.CodeUnavailable, err, "nothing proves")
		part := (*integrations.Unlisted)(nil)
		require.ErrorAs(t, err, &part)
		names := map[string]bool{}
		for _, l := range listed {
			names[l.Name] = true
		}
		require.Len(t, names, 2)
		require.True(t, names[hidden.Name], "the ledger says that it may be there")
		require.False(t, names[seen.Name], "it is looked at all the same")
	})
	t.Run("AnAdministratorApproves", func(t *testing.T) {
		f := start(t)
		f.Do(func() { f.Approval = true })
		code(t, access.CodeForbidden, f.open(t, nil).Grant(ctx, grantFor(f.person(t), inGroup)), "to approve")
	})
}

// GitLab's own end is later than every grant that shares the membership, and never moved
// before the latest of them.
func TestEnd(t *testing.T) {
	f, ctx := start(t), context.Background()
	who := f.person(t)
	late, early := grantFor(who, inGroup), grantFor(who, inGroup)
	late.ExpiresAt = late.ExpiresAt.Add(240 * time.Hour)
	one := f.open(t, nil)
	day := func(g access.Grant) string { return one.service.End(g.ExpiresAt).Format(time.DateOnly) }
	require.NoError(t, one.Grant(ctx, late))
	require.NoError(t, one.Grant(ctx, early))
	require.Equal(t, day(late), f.has(inGroup, who, nil).Expires)
	differences, err := one.Drift(ctx, early)
	require.NoError(t, err)
	require.Empty(t, differences)
	early.ExpiresAt = late.ExpiresAt.Add(240 * time.Hour)
	require.NoError(t, one.Extend(ctx, early))
	require.Equal(t, day(early), f.has(inGroup, who, nil).Expires)
	require.NoError(t, one.Revoke(ctx, late))
	require.NoError(t, one.Revoke(ctx, early))
	for _, hour := range []int{0, 1, 12, 23} {
		at := time.Date(2026, 12, 30, hour, 59, 59, 0, time.UTC)
		require.GreaterOrEqual(t, one.service.End(at).Sub(at), 24*time.Hour)
		require.LessOrEqual(t, one.service.End(at).Sub(at), 48*time.Hour)
	}
}

func TestWho(t *testing.T) {
	f, ctx := start(t), context.Background()
	alice := f.AddUser("alice-gl", "x")
	f.config.People = map[string]Person{"alice": {Username: "alice-gl", ID: alice}}
	one := f.open(t, nil)
	code(t, access.CodeInvalid, one.Grant(ctx, grantFor("nobody@example.com", inGroup)), "no one user")
	g := grantFor("alice", inGroup)
	require.NoError(t, one.Grant(ctx, g))
	f.Do(func() { f.Users[alice] = "alice-new" })
	f.AddUser("alice-gl", "y")
	code(t, access.CodeInvalid, one.Grant(ctx, grantFor("alice", inGroup)), "is not alice-gl any more")
	require.NoError(t, one.Revoke(ctx, g))
	require.Zero(t, f.Member(f.group, alice, nil), "a new name hides nobody")
	f.Do(func() { f.Users[alice], f.States[alice] = "alice-gl", "blocked" })
	code(t, access.CodeInvalid, one.Grant(ctx, grantFor("alice", inGroup)), "blocked on GitLab")
}

func TestInventory(t *testing.T) {
	f := start(t)
	for i := range 230 {
		f.Add(f.Projects, fmt.Sprintf("acme/p-%03d", i))
		f.Add(f.Projects, fmt.Sprintf("else/p-%03d", i))
	}
	f.config.Describe = integrations.Described{"groups": {{Value: "acme/oncall", Label: "On call"}}}
	target := integrations.Guard(f.open(t, nil))
	found, err := target.Choices(context.Background(), "projects")
	require.NoError(t, err)
	require.Len(t, found, 231)
	found, err = target.Choices(context.Background(), "groups")
	require.NoError(t, err)
	require.Equal(t, []access.Choice{{Value: "acme/oncall", Label: "On call"}}, found)
	require.NoError(t, target.Ping(context.Background()))
	f.Do(func() { f.top.Hidden = true })
	require.Error(t, target.Ping(context.Background()))
}

// TestCase154AddsPeople: see the test of that name in package github.
func TestCase154AddsPeople(t *testing.T) {
	f := start(t)
	for role, adds := range map[string]bool{"guest": false, "developer": false, "maintainer": true, "owner": true} {
		f.config.Allow = []AllowConfig{{Groups: []string{"acme/oncall"}, Roles: []string{role}, MayAddPeople: !adds}}
		require.Equal(t, "allow[0].mayAddPeople", f.config.Validate("")[0].Field, role)
		f.config.Allow[0].MayAddPeople = adds
		scope, err := f.open(t, nil).Resolve(context.Background(), access.Entitlement{"group": "acme/oncall", "role": role})
		require.NoError(t, err)
		require.Equal(t, adds, scope.Facts["adds people"] == "yes", role)
		require.Equal(t, adds, strings.Contains(scope.Ends, "through whom they can come back"), role)
	}
}

func TestConfig(t *testing.T) {
	good := start(t).config
	require.Empty(t, good.Validate(""))
	for what, bad := range map[string]func(*Config){
		"address":        func(c *Config) { c.Address = "http://gitlab.example.com" },
		"people":         func(c *Config) { c.Provider = "" },
		"provider":       func(c *Config) { c.Provider = "saml&admin=1" },
		"people.a.id":    func(c *Config) { c.People = map[string]Person{"a": {Username: "a"}} },
		"people.b.id":    func(c *Config) { c.People = map[string]Person{"a": {"a", 1}, "b": {"b", 1}} },
		"allow":          func(c *Config) { c.Allow = nil },
		"allow[0]":       func(c *Config) { c.Allow = []AllowConfig{{Groups: []string{"*"}, Roles: []string{"guest"}}} },
		"allow[0].roles": func(c *Config) { c.Allow = []AllowConfig{{Groups: []string{"a"}, Roles: []string{"admin"}}} },
		"allow[0].mayAddPeople": func(c *Config) {
			c.Allow = []AllowConfig{{Groups: []string{"a"}, Roles: []string{"guest", "maintainer"}}}
		},
		"consistency":     func(c *Config) { c.Consistency = access.Duration(time.Hour) },
		"describe.people": func(c *Config) { c.Describe = integrations.Described{"people": {{Value: "a"}}} },
	} {
		c := good
		bad(&c)
		issues := c.Validate("")
		require.NotEmpty(t, issues, what)
		require.Equal(t, what, issues[0].Field)
	}
}
