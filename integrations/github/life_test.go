package github

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

func code(t *testing.T, want access.Code, err error, says string) {
	t.Helper()
	require.Equal(t, want, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, says)
}

func TestWho(t *testing.T) {
	f, ctx := start(t), context.Background()
	open := f.open(t, nil)
	alice := f.AddUser("alice-gh", "member")
	f.config.People = map[string]Person{"alice": {Login: "alice-gh", ID: alice}}
	mapped := f.open(t, nil)

	code(t, access.CodeInvalid, open.Grant(ctx, grantFor("nobody@example.com", member)), "has to provision")
	code(t, access.CodeInvalid, open.Grant(ctx, grantFor("person1@elsewhere.com", member)), "no managed user")
	for what, e := range map[string]access.Entitlement{"team": member, "repository": writer} {
		t.Run(what, func(t *testing.T) {
			outside := fmt.Sprintf("outside%s@example.com", what)
			id := f.AddUser("outside"+what+"_acme", "")
			code(t, access.CodeInvalid, open.Grant(ctx, grantFor(outside, e)), "no member of organisation")
			f.Do(func() { f.Invited[id] = true })
			code(t, access.CodeInvalid, open.Grant(ctx, grantFor(outside, e)), "state: pending")
			f.Do(func() { f.Members[id] = "admin" })
			code(t, access.CodeConflict, open.Grant(ctx, grantFor(outside, e)), "owns organisation")
			require.Empty(t, f.RoleIn(f.group(e), id))

			g := grantFor("alice", e)
			require.NoError(t, mapped.Grant(ctx, g))
			require.NotEmpty(t, f.RoleIn(f.group(e), alice))
			// Somebody else takes the login that she had.
			f.Do(func() { f.Users[alice].Login = "alice-new" })
			mallory := f.AddUser("alice-gh", "member")
			require.NoError(t, mapped.Extend(ctx, g))
			require.Empty(t, f.RoleIn(f.group(e), mallory), "an extension goes by the number")
			code(t, access.CodeInvalid, mapped.Grant(ctx, grantFor("alice", e)), "is not alice-gh any more")
			require.NoError(t, mapped.Revoke(ctx, g))
			require.Empty(t, f.RoleIn(f.group(e), alice), "a new login hides nobody")
			f.Do(func() { delete(f.Users, mallory); f.Users[alice].Login = "alice-gh" })
		})
	}
}

func TestCase150(t *testing.T) {
	for what, e := range map[string]access.Entitlement{"Team": member, "Repository": writer} {
		t.Run(what, func(t *testing.T) {
			ctx := context.Background()
			t.Run("SomebodyElsesMembership", func(t *testing.T) {
				f := start(t)
				who := f.person(t)
				f.byHand(e, who, "maintainer")
				g := grantFor(who, e)
				code(t, access.CodeConflict, f.open(t, nil).Grant(ctx, g), "not by Ramp")
				require.NoError(t, f.open(t, nil).Revoke(ctx, g))
				require.Equal(t, "maintainer", f.RoleIn(f.group(e), f.number(who)), "what was there before stays")
			})
			t.Run("TwoRoles", func(t *testing.T) {
				f := start(t)
				who := f.person(t)
				a, b, c := grantFor(who, e), grantFor(who, e), grantFor(who, maintainer)
				want := "member"
				if what == "Repository" {
					c.Entitlement, want = reader, "write"
				}
				require.NoError(t, f.open(t, nil).Grant(ctx, a))
				code(t, access.CodeConflict, f.open(t, nil).Grant(ctx, c), "by another grant")
				require.NoError(t, f.open(t, nil).Revoke(ctx, c))
				require.Equal(t, want, f.RoleIn(f.group(e), f.number(who)))
				require.NoError(t, f.open(t, nil).Grant(ctx, b))
				require.NoError(t, f.open(t, nil).Revoke(ctx, a))
				require.Equal(t, want, f.RoleIn(f.group(e), f.number(who)))
				require.NoError(t, f.open(t, nil).Revoke(ctx, b))
				require.Empty(t, f.RoleIn(f.group(e), f.number(who)))
			})
			t.Run("NotSeenIsNotGone", func(t *testing.T) {
				f := start(t)
				g := grantFor(f.person(t), e)
				require.NoError(t, f.open(t, nil).Grant(ctx, g))
				hide := func(hidden bool) { f.Do(func() { f.group(e).Hidden = hidden }) }
				hide(true)
				_, err := f.open(t, nil).Inspect(ctx, g)
				code(t, access.CodeUnavailable, err, "nothing proves")
				code(t, access.CodeUnavailable, f.open(t, nil).Revoke(ctx, g), "nothing proves")
				hide(false)
				require.NoError(t, f.open(t, nil).Revoke(ctx, g))
			})
			t.Run("Flagged", func(t *testing.T) {
				f := start(t)
				g := grantFor(f.person(t), e)
				one := f.open(t, nil)
				require.NoError(t, one.Grant(ctx, g))
				id := f.number(g.Principal)
				f.Do(func() { f.Users[id].Flagged = true })
				p, err := one.Inspect(ctx, g)
				require.NoError(t, err)
				require.True(t, p.Open, "who is shown to nobody has their role still")
				require.NoError(t, one.Revoke(ctx, g))
				require.Empty(t, f.RoleIn(f.group(e), id))
			})
			t.Run("NullIsNoList", func(t *testing.T) {
				f := start(t)
				g := grantFor(f.person(t), e)
				require.NoError(t, f.open(t, nil).Grant(ctx, g))
				_, err := f.open(t, func(http.RoundTripper) http.RoundTripper { return targettest.NullWire{} }).List(ctx)
				code(t, access.CodeUnavailable, err, "not what GitHub returns")
			})
			t.Run("AnotherName", func(t *testing.T) {
				f := start(t)
				g := grantFor(f.person(t), e)
				one := f.open(t, nil)
				require.NoError(t, one.Grant(ctx, g))
				f.Do(func() { f.group(e).Name = "renamed" })
				f.AddTeam("oncall")
				f.AddRepository("payments")
				for _, target := range []*target{one, f.open(t, nil)} {
					p, err := target.Inspect(ctx, g)
					require.NoError(t, err)
					require.True(t, p.Open, "a team and a repository go by their numbers")
				}
				require.NoError(t, one.Revoke(ctx, g))
				require.Empty(t, f.RoleIn(f.group(e), f.number(g.Principal)))
			})
		})
	}
	t.Run("TeamDeleted", func(t *testing.T) {
		f, ctx := start(t), context.Background()
		f.AddTeam("another")
		g := grantFor(f.person(t), member)
		require.NoError(t, f.open(t, nil).Grant(ctx, g))
		f.Do(func() { delete(f.Teams, f.team.ID) })
		require.NoError(t, f.open(t, nil).Revoke(ctx, g))
	})
	t.Run("PersonDeleted", func(t *testing.T) {
		f, ctx := start(t), context.Background()
		g := grantFor(f.person(t), member)
		require.NoError(t, f.open(t, nil).Grant(ctx, g))
		f.Do(func() { delete(f.Users, f.number0(g.Principal)) })
		require.NoError(t, f.open(t, nil).Revoke(ctx, g))
	})
	t.Run("InvitedInsteadOfAdded", func(t *testing.T) {
		f, ctx := start(t), context.Background()
		f.Do(func() { f.NoMembersYet = true })
		g := grantFor(f.person(t), writer)
		code(t, access.CodeInvalid, f.open(t, nil).Grant(ctx, g), "state: pending")
		f.Do(func() { require.Empty(t, f.repo.Invitations, "whoever accepts it later would be in") })
		require.NoError(t, f.open(t, nil).Revoke(ctx, g))
	})
}

// number0 is number within Do.
func (f *forge) number0(principal string) int64 {
	for _, u := range f.Users {
		if u.Login+"@" == principal[:len(principal)-len("example.com")-1]+"_acme@" {
			return u.ID
		}
	}
	return 0
}

// What GitHub asks for, Ramp waits for: a limit is never missing rights.
func TestLimits(t *testing.T) {
	f := start(t)
	_, err := f.open(t, faulty(targettest.Throttled, 2)).service.login(context.Background(), "1")
	require.Equal(t, access.CodeThrottled, access.CodeOf(f.open(t, faulty(targettest.Throttled, 1)).Ping(context.Background())), "%v", err)
	for status, h := range map[int]http.Header{403: {"Retry-After": {"7"}}, 429: {"Retry-After": {"7"}}} {
		wait, yes := throttled(status, h)
		require.True(t, yes)
		require.Equal(t, 7*time.Second, wait)
	}
	wait, yes := throttled(403, http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(time.Now().Add(time.Hour).Unix())}})
	require.True(t, yes)
	require.Greater(t, wait, 50*time.Minute)
	_, yes = throttled(403, http.Header{"X-Ratelimit-Remaining": {"4999"}})
	require.False(t, yes, "that is missing rights")
	_, yes = throttled(404, http.Header{"X-Ratelimit-Remaining": {"0"}})
	require.False(t, yes)
}

func TestApp(t *testing.T) {
	f, ctx := start(t), context.Background()
	file := f.asApp(t)
	one := f.open(t, nil)
	g := grantFor(f.person(t), member)
	require.NoError(t, one.Grant(ctx, g))
	require.NoError(t, one.Revoke(ctx, g))
	f.Do(func() { require.Equal(t, 1, f.TokensMade, "a token is used for as long as it is good") })

	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(other)}), 0o600))
	code(t, access.CodeForbidden, f.open(t, nil).Ping(ctx), "401")
	require.NoError(t, os.WriteFile(file, []byte("no key, but a secret"), 0o600))
	err = f.open(t, nil).Ping(ctx)
	code(t, access.CodeUnavailable, err, "no RSA key")
	require.NotContains(t, err.Error(), "secret")
}

func TestInventory(t *testing.T) {
	f := start(t)
	for i := range 250 {
		f.AddTeam(fmt.Sprintf("team-%03d", i))
		f.AddRepository(fmt.Sprintf("repo-%03d", i))
	}
	f.config.Allow = []AllowConfig{{Teams: []string{"*"}, Roles: []string{"member"}}, {Repositories: []string{"payments"}, RepositoryRoles: []string{"read"}}}
	f.config.Describe = integrations.Described{"teams": {{Value: "oncall", Label: "On call", Attributes: map[string]string{"tier": "1"}}, {Value: "gone"}}}
	target := integrations.Guard(f.open(t, nil))
	teams, err := target.Choices(context.Background(), "teams")
	require.NoError(t, err)
	require.Len(t, teams, 251, "all pages, and not what GitHub does not have")
	require.Equal(t, access.Choice{Value: "oncall", Label: "On call", Attributes: map[string]string{"tier": "1"}}, teams[0])
	repositories, err := target.Choices(context.Background(), "repositories")
	require.NoError(t, err)
	require.Equal(t, []access.Choice{{Value: "payments"}}, repositories)
	require.NoError(t, target.Ping(context.Background()))
}

// A repository with more collaborators than a page has hides nobody.
func TestManyCollaborators(t *testing.T) {
	f, ctx := start(t), context.Background()
	for range 220 {
		f.byHand(writer, f.person(t), "read")
	}
	g := grantFor(f.person(t), writer)
	require.NoError(t, f.open(t, nil).Grant(ctx, g))
	p, err := f.open(t, nil).Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, p.Open)
	require.NoError(t, f.open(t, nil).Revoke(ctx, g))
}

func TestConfig(t *testing.T) {
	good := start(t).config
	require.Empty(t, good.Validate(""))
	for what, bad := range map[string]func(*Config){
		"organisation": func(c *Config) { c.Organisation = "acme/else" },
		"address":      func(c *Config) { c.Address = "http://github.example.com" },
		"app":          func(c *Config) { c.App = AppConfig{ID: "1", Installation: "2", Key: c.Token} },
		"people":       func(c *Config) { c.Managed = ManagedConfig{} },
		"people.a.id":  func(c *Config) { c.People = map[string]Person{"a": {Login: "a"}} },
		"people.b.id":  func(c *Config) { c.People = map[string]Person{"a": {"a", 1}, "b": {"b", 1}} },
		"allow":        func(c *Config) { c.Allow = nil },
		"allow[0]":     func(c *Config) { c.Allow = []AllowConfig{{Teams: []string{"a"}}} },
		"allow[0].roles": func(c *Config) {
			c.Allow = []AllowConfig{{Teams: []string{"a"}, Roles: []string{"owner"}}}
		},
		"allow[0].teams": func(c *Config) { c.Allow = []AllowConfig{{Teams: []string{"a b"}, Roles: []string{"member"}}} },
		"allow[0].mayAddPeople": func(c *Config) {
			c.Allow = []AllowConfig{{Teams: []string{"a"}, Roles: []string{"member"}, MayAddPeople: true}}
		},
		"managed.suffix":  func(c *Config) { c.Managed.Suffix = "acme" },
		"describe.people": func(c *Config) { c.Describe = integrations.Described{"people": {{Value: "a"}}} },
		"consistency":     func(c *Config) { c.Consistency = access.Duration(time.Hour) },
	} {
		c := good
		bad(&c)
		issues := c.Validate("")
		require.NotEmpty(t, issues, what)
		require.Equal(t, what, issues[0].Field)
	}
	c := good
	c.Token, c.App = field.Secret{}, AppConfig{ID: "1", Installation: "2"}
	require.Equal(t, "app.key", c.Validate("")[0].Field)
	for name, want := range map[string]string{"a.b@example.com": "a-b_acme", "a_b@example.com": "a-b_acme", "a@else.com": "", "a..b@example.com": "", "-a@example.com": "", "@example.com": ""} {
		login, ok := good.Managed.login(name)
		require.Equal(t, want != "", ok, name)
		if ok {
			require.Equal(t, want, login)
		}
	}
}
