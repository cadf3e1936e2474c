package vaulttoken

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// Vault itself holds Ramp's own token to policy.hcl.
func TestMinimalPolicy(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	target := opened(t, config)
	file, _ := config.Token.Path()
	own, err := os.ReadFile(file)
	require.NoError(t, err)
	ramp := server.Client(t, strings.TrimSpace(string(own)))
	g := newGrant(time.Hour, "orders-read")
	require.NoError(t, target.Grant(ctx, g))
	elsewhere, err := server.Root.Logical().Write("auth/token/roles/other", map[string]any{"allowed_policies": "admin"})
	require.NoError(t, err, "%v", elsewhere)

	role, create := "auth/token/roles/"+g.Name, "auth/token/create/"+g.Name
	for what, call := range map[string]struct {
		path string
		data map[string]any
	}{
		"role with another policy":  {role, map[string]any{"allowed_policies": "admin"}},
		"role with one more":        {role, map[string]any{"allowed_policies": "orders-read,admin"}},
		"role with a list":          {role, map[string]any{"allowed_policies": []string{"orders-read", "root"}}},
		"role with a glob":          {role, map[string]any{"allowed_policies": "orders-read", "allowed_policies_glob": "*"}},
		"role of periodic tokens":   {role, map[string]any{"token_period": 3600}},
		"role of batch tokens":      {role, map[string]any{"token_type": "batch"}},
		"role that is not Ramp's":   {"auth/token/roles/other", map[string]any{"allowed_policies": "orders-read"}},
		"token with another policy": {create, map[string]any{"policies": []string{"admin"}}},
		"token with a chosen id":    {create, map[string]any{"id": "chosen"}},
		"token without a role":      {"auth/token/create", map[string]any{"policies": []string{"ramp"}}},
		"orphan without a role":     {"auth/token/create-orphan", map[string]any{}},
		"token of another role":     {"auth/token/create/other", map[string]any{}},
		"policy":                    {"sys/policies/acl/ramp", map[string]any{"policy": ""}},
		"mount":                     {"sys/mounts/x", map[string]any{"type": "kv"}},
		"revoke all tokens":         {"sys/leases/revoke-prefix/auth/token/create", map[string]any{}},
		"revoke another's":          {"sys/leases/revoke-prefix/auth/token/create/other", map[string]any{}},
		"secret":                    {"secret/data/orders", map[string]any{"data": map[string]any{"n": 2}}},
		"seal":                      {"sys/seal", map[string]any{}},
	} {
		_, err := ramp.Logical().WriteWithContext(ctx, call.path, call.data)
		var answer *api.ResponseError
		require.ErrorAsf(t, err, &answer, what)
		require.Equalf(t, http.StatusForbidden, answer.StatusCode, "%s: %v", what, err)
	}
	require.Error(t, read(ctx, ramp))
	for _, path := range []string{"auth/token/accessors", "sys/leases/lookup/secret", "sys/policies/acl"} {
		_, err := ramp.Logical().ListWithContext(ctx, path)
		require.Error(t, err, path)
	}
	// Even a token with all rights gets nothing more through the role.
	_, err = server.Root.Auth().Token().CreateWithRole(&api.TokenCreateRequest{Policies: []string{"admin"}}, g.Name)
	require.ErrorContains(t, err, "subset")
	require.NoError(t, target.Revoke(ctx, g))

	// A policy that only the configuration allows is refused by Vault.
	config.Policies = append(config.Policies, "admin")
	wide := newGrant(time.Hour, "admin")
	require.Equal(t, access.CodeForbidden, access.CodeOf(opened(t, config).Grant(ctx, wide)))
}

// Somebody widens a grant's role by hand. Ramp makes no more tokens through it, and
// revoking deletes it, with the tokens that were made through it by hand.
func TestRoleEditedByHand(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	target := opened(t, config)
	for what, data := range map[string]map[string]any{
		"more":     {"allowed_policies": "orders-read,admin"},
		"other":    {"allowed_policies": "admin"},
		"none":     {"allowed_policies": ""},
		"glob":     {"allowed_policies_glob": "*"},
		"period":   {"token_period": "24h"},
		"entities": {"allowed_entity_aliases": "root"},
	} {
		t.Run(what, func(t *testing.T) {
			g := newGrant(time.Hour, "orders-read")
			require.NoError(t, target.Grant(ctx, g))
			_, err := server.Root.Logical().Write("auth/token/roles/"+g.Name, data)
			require.NoError(t, err)
			_, err = server.Root.Auth().Token().CreateWithRole(&api.TokenCreateRequest{}, g.Name)
			require.NoError(t, err)
			require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(ctx, g)))
			require.Equal(t, access.CodeConflict, access.CodeOf(target.Extend(ctx, g)))
			_, err = target.Mint(ctx, g)
			require.Equal(t, access.CodeConflict, access.CodeOf(err))
			p, err := target.Inspect(ctx, g)
			require.NoError(t, err)
			require.Equal(t, 1, p.Sessions)
			require.NoError(t, target.Revoke(ctx, access.Grant{Name: g.Name}))
			p, err = target.Inspect(ctx, g)
			require.NoError(t, err)
			require.True(t, p.Gone())
		})
	}
	t.Run("Case9OtherTerms", func(t *testing.T) {
		g := newGrant(time.Hour, "orders-read")
		require.NoError(t, target.Grant(ctx, g))
		g.Entitlement = access.Entitlement{"policies": []any{"orders-write"}}
		require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(ctx, g)))
		require.NoError(t, target.Revoke(ctx, g))
	})
}

func TestScope(t *testing.T) {
	c := validConfig()
	c.Namespace, c.Policies = "team/orders", []string{"orders-write", "orders-read"}
	scope, err := opened(t, c).Resolve(context.Background(), access.Entitlement{"policies": []string{"orders-write", "orders-read"}})
	require.NoError(t, err)
	require.Equal(t, "use vault/test (https://vault.example.com:8200) with policies orders-read, orders-write in namespace team/orders", scope.Summary)
	require.Equal(t, map[string]string{"address": c.Address, "namespace": "team/orders", "policies": "orders-read, orders-write"}, scope.Facts)
}

func TestGrantOf(t *testing.T) {
	const grant, serial = "ramp-0123456789abcdef-a", "-0123456789abcdef"
	for role, want := range map[string]string{
		grant: grant, grant + serial: grant, grant + "-": "", grant + "-x": "", grant + serial + serial: "", "ramp-0123456789abcdef": "", serial: "", "": "", "ramp-x-a": "",
	} {
		got, ok := grantOf(role)
		require.Equal(t, want != "", ok, role)
		if ok {
			require.Equal(t, want, got)
		}
	}
	for range 100 {
		got, ok := grantOf(newTokenRole(grant))
		require.True(t, ok)
		require.Equal(t, grant, got)
	}
	require.Contains(t, policyExample, examplePolicies)
	require.Contains(t, loginsExample, examplePolicies)
	require.Contains(t, loginsExample, exampleAccessor)
}

// The documentation shows policy.hcl as it is.
func TestDocumentedPolicy(t *testing.T) {
	page, err := os.ReadFile("../../docs/targets/vault.md")
	require.NoError(t, err)
	require.Contains(t, string(page), strings.TrimSpace(policyExample))
	require.Contains(t, string(page), strings.TrimSpace(secretsExample))
	require.Contains(t, string(page), strings.TrimSpace(loginsExample))
}
