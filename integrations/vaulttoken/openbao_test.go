package vaulttoken

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// wholeLists stands before a real Vault and compares the policies of a role or group as OpenBao does:
// the text as a whole with each text that the policy of Ramp's own token allows.
type wholeLists struct {
	next    http.RoundTripper
	allowed []string
}

func (w *wholeLists) RoundTrip(r *http.Request) (*http.Response, error) {
	role, group := strings.HasPrefix(r.URL.Path, "/v1/"+rolesPath+"/"), strings.HasPrefix(r.URL.Path, "/v1/"+groupsPath+"/")
	if r.Method == http.MethodPut && (role || group) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var sent struct {
			OfRole  *string `json:"allowed_policies"`
			OfGroup *string `json:"policies"`
		}
		if err := json.Unmarshal(body, &sent); err != nil {
			return nil, err
		}
		policies := sent.OfRole
		if group {
			policies = sent.OfGroup
		}
		if policies != nil && !slices.Contains(w.allowed, *policies) {
			return answer(r, http.StatusForbidden, `{"errors":["1 error occurred:\n\t* permission denied\n\n"]}`), nil
		}
	}
	return w.next.RoundTrip(r)
}

// allowedPolicies returns what a policy of Ramp's own token says of allowed_policies.
func allowedPolicies(t *testing.T, policy string) []string {
	t.Helper()
	_, list, found := strings.Cut(policy, `"allowed_policies"        = `)
	if !found {
		_, list, found = strings.Cut(policy, `"policies"          = `)
	}
	require.True(t, found)
	list, _, _ = strings.Cut(list, "\n")
	var all []string
	require.NoError(t, json.Unmarshal([]byte(list), &all))
	return all
}

// Each server has a policy that lets Ramp give every combination that contracts may, and
// no other policy. Vault is a real one; OpenBao's comparison stands before it.
func TestCase90PolicyOfEachServer(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	all := []string{"orders-write", "admin", "orders-read"}
	config.Policies = all
	combinations := [][]any{{"orders-read"}, {"orders-write"}, {"admin"}, {"orders-write", "orders-read"}, {"orders-read", "admin"}, {"admin", "orders-write"}, {"orders-read", "orders-write", "admin"}}
	behind := func(policy string) *target {
		server.Policy(t, "ramp", policy)
		target, err := config.open(ctx, "vault/test", func(next http.RoundTripper) http.RoundTripper {
			return &wholeLists{next, allowedPolicies(t, policy)}
		})
		require.NoError(t, err)
		return target
	}
	for _, policies := range combinations {
		target, g := behind(PolicyForOpenBao(all...)), newGrant(time.Hour, policies...)
		require.NotEmpty(t, minted(t, target, g), "%v", policies)
		require.NoError(t, opened(t, config).Ping(ctx), "Vault takes that policy too")
		require.NoError(t, target.Revoke(ctx, g))

		server.Policy(t, "ramp", Policy(all...))
		require.NotEmpty(t, minted(t, opened(t, config), g), "%v", policies)
		require.NoError(t, opened(t, config).Revoke(ctx, g))
		err := behind(Policy(all...)).Grant(ctx, g)
		require.Equal(t, len(policies) > 1, access.CodeOf(err) == access.CodeForbidden && err != nil, "%v: %v", policies, err)
		require.NoError(t, opened(t, config).Revoke(ctx, g))
	}
	// A policy that Ramp's own token has no right to give is refused by either.
	require.Len(t, allowedPolicies(t, PolicyForOpenBao("orders-read", "orders-write")), 3)
	err := behind(PolicyForOpenBao("orders-read", "orders-write")).Grant(ctx, newGrant(time.Hour, "orders-read", "admin"))
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	server.Policy(t, "ramp", PolicyForOpenBao("orders-read", "orders-write"))
	err = opened(t, config).Grant(ctx, newGrant(time.Hour, "orders-read", "admin"))
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "by Vault itself")
}

// The same for people who log in themselves; and a thief of Ramp's own token gets no further
// than Ramp.
func TestCase90LoginPolicyOfEachServer(t *testing.T) {
	ctx := t.Context()
	o := startOffice(t)
	who := o.person(t)
	behind := func(policy string) *logins {
		o.Policy(t, "ramp-logins", policy)
		return o.open(t, func(next http.RoundTripper) http.RoundTripper { return &wholeLists{next, allowedPolicies(t, policy)} })
	}
	both := []string{"orders-read", "orders-write"}
	for _, policies := range [][]any{{"orders-read"}, {"orders-write"}, {"orders-write", "orders-read"}} {
		g := loginGrant(who, policies...)
		target := behind(LoginPolicyForOpenBao(o.accessor, both...))
		require.NoError(t, target.Grant(ctx, g), "%v", policies)
		later := g
		later.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		require.NoError(t, target.Extend(ctx, later))
		require.NoError(t, o.open(t, nil).Ping(ctx), "Vault takes that policy too")
		require.NoError(t, target.Revoke(ctx, g))

		err := behind(LoginPolicy(o.accessor, both...)).Grant(ctx, g)
		if len(policies) > 1 {
			require.Equal(t, access.CodeForbidden, access.CodeOf(err))
			require.ErrorContains(t, err, `need "orders-read,orders-write" among policies`)
		}
		require.NoError(t, o.open(t, nil).Revoke(ctx, g))
		require.NoError(t, o.open(t, nil).Grant(ctx, g), "Vault itself")
		require.NoError(t, o.open(t, nil).Revoke(ctx, g))
	}

	o.config.Policies = append(o.config.Policies, "admin")
	require.Equal(t, access.CodeForbidden, access.CodeOf(o.open(t, nil).Grant(ctx, loginGrant(who, "admin"))), "only the configuration allows it")
	ramp := o.Client(t, o.Token(t, "ramp-logins"))
	own := "identity/group/name/" + access.GrantName(access.NewRequestID(), 0)
	for what, call := range map[string]struct {
		path string
		data map[string]any
	}{
		"another policy":         {own, map[string]any{"policies": "admin"}},
		"one policy more":        {own, map[string]any{"policies": "orders-read,admin"}},
		"a list":                 {own, map[string]any{"policies": []string{"orders-read", "admin"}}},
		"a group in it":          {own, map[string]any{"member_group_ids": []string{"x"}}},
		"another type":           {own, map[string]any{"type": "external"}},
		"another's id":           {own, map[string]any{"id": "x"}},
		"another name":           {own, map[string]any{"name": "admins"}},
		"another group":          {"identity/group/name/admins", map[string]any{"policies": "orders-read"}},
		"a group by its id":      {"identity/group/id/x", map[string]any{"policies": "orders-read"}},
		"a group without a name": {"identity/group", map[string]any{"name": "ramp-x", "policies": "orders-read"}},
		"an identity":            {"identity/entity/id/" + o.id(who), map[string]any{"policies": "admin"}},
		"an alias":               {"identity/entity-alias", map[string]any{"name": "x", "canonical_id": o.id(who), "mount_accessor": o.accessor}},
		"an alias of a group":    {"identity/group-alias", map[string]any{"name": "x", "canonical_id": "x", "mount_accessor": o.accessor}},
		"other people":           {"identity/lookup/entity", map[string]any{"alias_name": who, "alias_mount_accessor": "auth_other_1"}},
		"people by id":           {"identity/lookup/entity", map[string]any{"id": o.id(who)}},
		"a token":                {"auth/token/create", map[string]any{}},
		"a password":             {"auth/userpass/users/" + who, map[string]any{"password": "x"}},
	} {
		_, err := ramp.Logical().WriteWithContext(ctx, call.path, call.data)
		var refusal *api.ResponseError
		require.ErrorAs(t, err, &refusal, what)
		require.Equal(t, http.StatusForbidden, refusal.StatusCode, "%s: %v", what, err)
	}
	_, err := ramp.Logical().ReadWithContext(ctx, "identity/group/name/admins")
	require.Error(t, err)
}
