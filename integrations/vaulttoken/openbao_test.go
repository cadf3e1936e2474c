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

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// wholeLists stands before a real Vault and compares the policies of a role as OpenBao does:
// the text as a whole with each text that the policy of Ramp's own token allows.
type wholeLists struct {
	next    http.RoundTripper
	allowed []string
}

func (w *wholeLists) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/v1/"+rolesPath+"/") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var role struct {
			Policies string `json:"allowed_policies"`
		}
		if err := json.Unmarshal(body, &role); err != nil {
			return nil, err
		}
		if !slices.Contains(w.allowed, role.Policies) {
			return answer(r, http.StatusForbidden, `{"errors":["1 error occurred:\n\t* permission denied\n\n"]}`), nil
		}
	}
	return w.next.RoundTrip(r)
}

// allowedPolicies returns what a policy of Ramp's own token says of allowed_policies.
func allowedPolicies(t *testing.T, policy string) []string {
	t.Helper()
	_, list, found := strings.Cut(policy, `"allowed_policies"        = `)
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
