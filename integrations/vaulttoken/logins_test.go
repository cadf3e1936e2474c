package vaulttoken

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

func TestLoginsConformance(t *testing.T) {
	o := startOffice(t)
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return o.open(t, nil) },
		Target: "vault/test", Principal: o.person(t), Person: o.person,
		Entitlement: access.Entitlement{"policies": []any{"orders-read"}},
		Other:       access.Entitlement{"policies": []any{"orders-read", "orders-write"}},
		Invalid: map[string]access.Entitlement{
			"empty list":  {"policies": []any{}},
			"not allowed": {"policies": []any{"orders-read", "admin"}},
			"two in one":  {"policies": []any{"orders-read,admin"}},
			"a secret":    {"secret": "orders-read"},
		},
		ListNames: o.groups,
		Remove: func(ctx context.Context, name string) error {
			_, err := o.Root.Logical().DeleteWithContext(ctx, "identity/group/name/"+name)
			return err
		},
		Widen:   o.widenings(t),
		Foreign: o.strangers,
		Use: func(ctx context.Context, g access.Grant, _ access.Credential) error {
			return read(ctx, o.early(t, g.Principal))
		},
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			return o.open(t, faulty(fault, n))
		},
		Lacks: targettest.Lacks{
			Expiry:      "Vault ends no membership",
			Sessions:    "logins are the person's own and stay; what they may do is computed at each request",
			Mint:        "people log in themselves",
			NotFoundYet: "the active node reads what it wrote last",
		},
	})
}

// A token from before the grant, one from within it, and one that such a token made have the
// policies while the grant lives, and at the next request no more. Other grants of the
// person, and other people, notice nothing.
func TestCase147LoginsEndAtOnce(t *testing.T) {
	ctx := t.Context()
	o := startOffice(t)
	o.Policy(t, "orders-read", readRules+`
path "auth/token/create" { capabilities = ["update"] }`)
	target, who, other := o.open(t, nil), o.person(t), o.person(t)
	read1, read2, write := loginGrant(who, "orders-read"), loginGrant(who, "orders-read"), loginGrant(who, "orders-write")
	theirs := loginGrant(other, "orders-read")
	tokens := map[string]*api.Client{"from before": o.early(t, who)}
	require.Error(t, read(ctx, tokens["from before"]))
	for _, g := range []access.Grant{read1, read2, write, theirs} {
		require.NoError(t, target.Grant(ctx, g))
	}
	tokens["from within"] = o.Client(t, o.login(t, "userpass", who))
	child, err := tokens["from within"].Auth().Token().Create(&api.TokenCreateRequest{TTL: "700h"})
	require.NoError(t, err)
	tokens["made by a token"] = o.Client(t, child.Auth.ClientToken)
	writes := func(c *api.Client) error {
		_, err := c.Logical().WriteWithContext(ctx, "secret/data/orders", map[string]any{"data": map[string]any{"n": 2}})
		return err
	}
	for what, client := range tokens {
		require.NoError(t, read(ctx, client), what)
		require.NoError(t, writes(client), what)
	}
	require.NoError(t, target.Revoke(ctx, access.Grant{Name: write.Name}))
	for what, client := range tokens {
		require.Error(t, writes(client), what)
		require.NoError(t, read(ctx, client), what)
	}
	require.NoError(t, target.Revoke(ctx, access.Grant{Name: read1.Name}))
	for what, client := range tokens {
		require.NoError(t, read(ctx, client), "%s: another grant gives it still", what)
	}
	require.NoError(t, target.Revoke(ctx, access.Grant{Name: read2.Name}))
	for what, client := range tokens {
		require.ErrorIs(t, read(ctx, client), targettest.ErrRefused, what)
		_, err := o.Root.Auth().Token().LookupWithContext(ctx, client.Token())
		require.NoError(t, err, "%s: the token itself is the person's, and stays", what)
	}
	require.NoError(t, read(ctx, o.early(t, other)))
	require.NoError(t, target.Revoke(ctx, theirs))
}

// Who cannot be told, or is somebody else's name by another method, gets nothing.
func TestCase147LoginsOfWhom(t *testing.T) {
	ctx := t.Context()
	o := startOffice(t)
	o.method(t, "other")
	o.join(t, "other", "zoe")
	elsewhere := o.Client(t, o.login(t, "other", "zoe"))
	disabled := o.person(t)
	o.write(t, "identity/entity/id/"+o.id(disabled), map[string]any{"disabled": true})
	o.join(t, "userpass", "newcomer")
	refused := func(target *logins, who, code string) {
		t.Helper()
		g := loginGrant(who, "orders-read")
		err := target.Grant(ctx, g)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
		require.Equal(t, code, access.IssuesOf(err)[0].Code)
		found, err := o.groups(ctx)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	target := o.open(t, nil)
	refused(target, "zoe", "principal_unknown")
	require.Error(t, read(ctx, elsewhere))
	refused(target, disabled, "principal_disabled")
	refused(target, "", "principal_missing")
	refused(target, "newcomer", "principal_unknown")
	o.login(t, "userpass", "newcomer")
	g := loginGrant("Newcomer", "orders-read") // Vault has logins in lower case
	require.NoError(t, target.Grant(ctx, g))
	require.NoError(t, target.Revoke(ctx, g))

	// Vault gives an identity one alias of each method. A server that does not is not used.
	for _, aliases := range []string{
		`[]`, `[{"name":"mallory@example.com","mount_accessor":"ACCESSOR"}]`, `[{"name":"alice@example.com","mount_accessor":"auth_other_1"}]`,
		`[{"name":"alice@example.com","mount_accessor":"ACCESSOR"},{"name":"mallory@example.com","mount_accessor":"ACCESSOR"}]`,
	} {
		strange := o.open(t, func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, entityPath) {
					return answer(r, 200, `{"data":{"id":"e1","aliases":`+strings.ReplaceAll(aliases, "ACCESSOR", o.accessor)+`}}`), nil
				}
				return next.RoundTrip(r)
			})
		})
		refused(strange, "alice@example.com", "principal_ambiguous")
	}
}

// The person's identity is deleted, or their login is taken from it, while a grant lives.
func TestLoginsIdentityGone(t *testing.T) {
	ctx := t.Context()
	o := startOffice(t)
	target := o.open(t, nil)
	for what, take := range map[string]func(who string){
		"identity": func(who string) {
			_, err := o.Root.Logical().Delete("identity/entity/id/" + o.id(who))
			require.NoError(t, err)
		},
		"alias": func(who string) {
			entity, err := o.Root.Logical().Read("identity/entity/id/" + o.id(who))
			require.NoError(t, err)
			alias := entity.Data["aliases"].([]any)[0].(map[string]any)["id"].(string)
			_, err = o.Root.Logical().Delete("identity/entity-alias/id/" + alias)
			require.NoError(t, err)
		},
	} {
		who := o.person(t)
		g := loginGrant(who, "orders-read")
		require.NoError(t, target.Grant(ctx, g))
		take(who)
		differences, err := target.Drift(ctx, g)
		require.NoError(t, err)
		require.Len(t, differences, 1, what)
		require.Contains(t, differences[0], "log in once")
		require.Equal(t, access.CodeConflict, access.CodeOf(target.Restore(ctx, g)), what)
		require.NoError(t, target.Revoke(ctx, g))
		require.Error(t, read(ctx, o.early(t, who)), what)
	}
}

// A revoke runs before each of an extension's calls in turn: nothing is given after it, and
// one more revoke leaves nothing.
func TestCase147LoginsExtendBesideRevoke(t *testing.T) {
	ctx := t.Context()
	o := startOffice(t)
	healthy := o.open(t, nil)
	for n := 1; ; n++ {
		who := o.person(t)
		g := loginGrant(who, "orders-read")
		require.NoError(t, healthy.Grant(ctx, g))
		wire := &striking{n: n, strike: func() { require.NoError(t, healthy.Revoke(ctx, access.Grant{Name: g.Name})) }}
		target := o.open(t, func(next http.RoundTripper) http.RoundTripper { wire.next = next; return wire })
		g.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		err := target.Extend(ctx, g)
		if wire.calls < n {
			require.NoError(t, err)
			require.Greater(t, n, 3)
			require.NoError(t, healthy.Revoke(ctx, g))
			return
		}
		require.Equal(t, access.CodeNotFound, access.CodeOf(err), "before call %d: %v", n, err)
		require.ErrorIs(t, read(ctx, o.early(t, who)), targettest.ErrRefused, "before call %d", n)
		found, err := o.groups(ctx)
		require.NoError(t, err)
		require.Empty(t, found, "before call %d", n)
	}
}

// Vault has one group of a name in all letters, so one that was renamed so is found still.
func TestLoginsRenamedInOtherLetters(t *testing.T) {
	ctx := t.Context()
	o := startOffice(t)
	target, who := o.open(t, nil), o.person(t)
	g := loginGrant(who, "orders-read")
	require.NoError(t, target.Grant(ctx, g))
	group, err := o.Root.Logical().Read("identity/group/name/" + g.Name)
	require.NoError(t, err)
	o.write(t, "identity/group/id/"+group.Data["id"].(string), map[string]any{"name": strings.ToUpper(g.Name)})
	p, err := target.Inspect(ctx, access.Grant{Name: g.Name})
	require.NoError(t, err)
	require.True(t, p.Open)
	found, err := target.List(ctx)
	require.NoError(t, err)
	require.Equal(t, []integrations.ListedGrant{{Name: g.Name, ExpiresAt: g.ExpiresAt}}, found)
	require.NoError(t, target.Revoke(ctx, access.Grant{Name: g.Name}))
	require.Error(t, read(ctx, o.early(t, who)))
}

func TestLoginsConfig(t *testing.T) {
	valid := func() Config {
		c := validConfig()
		c.Logins = &Logins{Accessor: "auth_oidc_1a2b3c4d"}
		return c
	}
	require.Empty(t, valid().Validate("vault/test"))
	opened, err := valid().Open(t.Context(), "vault/test")
	require.NoError(t, err)
	require.False(t, integrations.Guard(opened).CanMint())
	for code, change := range map[string]func(*Config){
		"accessor_malformed": func(c *Config) { c.Logins.Accessor = "oidc/" },
		"logins_secrets": func(c *Config) {
			c.Secrets = map[string]Secret{"a": {Path: "database/creds/a", Policy: "make-a", Credential: Credential{Kind: "postgres", Env: map[string]string{"PGUSER": "username"}}}}
		},
		"policies_missing": func(c *Config) { c.Policies = nil },
	} {
		c := valid()
		change(&c)
		issues := c.Validate("vault/test")
		require.Len(t, issues, 1, "%s: %v", code, issues)
		require.Equal(t, code, issues[0].Code)
	}
	// Approvers see that it is no token.
	token, err := validConfig().Open(t.Context(), "vault/test")
	require.NoError(t, err)
	e := access.Entitlement{"policies": []any{"orders-read"}}
	a, err := opened.Resolve(t.Context(), e)
	require.NoError(t, err)
	b, err := token.Resolve(t.Context(), e)
	require.NoError(t, err)
	require.NotEqual(t, a.Summary, b.Summary)
	require.Equal(t, "auth_oidc_1a2b3c4d", a.Facts["logins"])
}

// logins.hcl is just what is needed; see TestRights.
func TestLoginsRights(t *testing.T) {
	o := startOffice(t)
	as := func(policies ...string) *logins {
		o.config.Token = field.SecretFile(vaulttest.TokenFile(t, o.Token(t, policies...)))
		return o.open(t, nil)
	}
	rights, err := as("ramp-logins").Rights(t.Context())
	require.NoError(t, err)
	require.Equal(t, integrations.Rights{}, rights)
	require.NoError(t, as("ramp-logins").Ping(t.Context()))

	o.Policy(t, "less", `path "identity/group/name/ramp-*" { capabilities = ["deny"] }`)
	rights, err = as("ramp-logins", "less").Rights(t.Context())
	require.NoError(t, err)
	at := " on identity/group/name/" + integrations.Unnamed()
	require.Equal(t, integrations.Rights{Lacks: []string{"read" + at, "update" + at, "delete" + at}}, rights)
	require.ErrorContains(t, as("ramp-logins", "less").Ping(t.Context()), "delete"+at)

	o.Policy(t, "more", `path "identity/group/name/*" { capabilities = ["update"] }`)
	rights, err = as("ramp-logins", "more").Rights(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"update on identity/group/name/other-ramp-doctor-asks"}, rights.TooMuch)

	secret := o.write(t, "auth/token/create-orphan", map[string]any{"policies": "ramp-logins", "num_uses": 50})
	o.config.Token = field.SecretFile(vaulttest.TokenFile(t, secret.Auth.ClientToken))
	require.ErrorContains(t, o.open(t, nil).Ping(t.Context()), "number of uses")
}

// A group that stays although Vault says that it is deleted keeps the grant open.
func TestCase147LoginsGroupStays(t *testing.T) {
	ctx := t.Context()
	o := startOffice(t)
	healthy, who := o.open(t, nil), o.person(t)
	g := loginGrant(who, "orders-read")
	require.NoError(t, healthy.Grant(ctx, g))
	target := o.open(t, func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodDelete {
				return answer(r, http.StatusNoContent, ""), nil
			}
			return next.RoundTrip(r)
		})
	})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(ctx, access.Grant{Name: g.Name})))
	require.NoError(t, read(ctx, o.early(t, who)))
	require.NoError(t, healthy.Revoke(ctx, access.Grant{Name: g.Name}))
}

// Each call names the namespace, of either form of the target.
func TestNamespaceIsSent(t *testing.T) {
	o := startOffice(t)
	calls := 0
	wire := func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			calls++
			require.Equal(t, "team/orders", r.Header.Get("X-Vault-Namespace"), r.URL.Path)
			r.Header.Del("X-Vault-Namespace") // the tests' Vault has none
			return next.RoundTrip(r)
		})
	}
	people, tokens := o.config, o.config
	people.Namespace, tokens.Namespace, tokens.Logins = "team/orders/", "team/orders", nil
	o.Policy(t, "ramp-logins", LoginPolicy(o.accessor, o.config.Policies...)+Policy(o.config.Policies...))
	target, err := people.openLogins("vault/test", wire)
	require.NoError(t, err)
	g := loginGrant(o.person(t), "orders-read")
	require.NoError(t, target.Grant(t.Context(), g))
	require.NoError(t, target.Revoke(t.Context(), g))
	other, err := tokens.open(t.Context(), "vault/test", wire)
	require.NoError(t, err)
	require.NoError(t, other.Grant(t.Context(), g))
	c, err := other.Mint(t.Context(), g)
	require.NoError(t, err)
	require.Equal(t, "team/orders", c.Env["VAULT_NAMESPACE"])
	require.NoError(t, other.Revoke(t.Context(), g))
	require.Greater(t, calls, 10)
}

// A Vault of the community edition does what it is asked to do in a namespace in the only one
// that it has: that is no readiness. What does not say of which edition it is may have some.
func TestNamespaceThatThereIsNot(t *testing.T) {
	o := startOffice(t)
	for says, ready := range map[string]bool{"": false, `{"enterprise":true}`: true, `{"version":"2.6.0"}`: true, `{"errors":["unsupported path"]}`: true} {
		wire := func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if says == "" || r.URL.Path != "/v1/sys/health" {
					return next.RoundTrip(r)
				}
				status := http.StatusOK
				if strings.Contains(says, "errors") {
					status = http.StatusNotFound
				}
				return targettest.Response(status, nil, json.RawMessage(says)), nil
			})
		}
		people, tokens := o.config, o.config
		people.Namespace, tokens.Namespace, tokens.Logins = "team/orders", "team/orders", nil
		o.Policy(t, "ramp-logins", LoginPolicy(o.accessor, o.config.Policies...)+Policy(o.config.Policies...))
		target, err := people.openLogins("vault/test", wire)
		require.NoError(t, err)
		other, err := tokens.open(t.Context(), "vault/test", wire)
		require.NoError(t, err)
		for _, one := range []integrations.Pinger{target, other} {
			err := one.Ping(t.Context())
			if ready {
				require.NoError(t, err, says)
				continue
			}
			require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "has no namespaces")
		}
	}
}
