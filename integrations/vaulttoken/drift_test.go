package vaulttoken

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// widen changes a grant's role by hand, as an administrator of Vault would.
func widen(t *testing.T, s *vaulttest.Server) map[string]func(context.Context, access.Grant) error {
	role := func(data map[string]any) func(context.Context, access.Grant) error {
		return func(ctx context.Context, g access.Grant) error {
			_, err := s.Root.Logical().WriteWithContext(ctx, "auth/token/roles/"+g.Name, data)
			return err
		}
	}
	return map[string]func(context.Context, access.Grant) error{
		"more policies":    role(map[string]any{"allowed_policies": "orders-read,admin"}),
		"policies by glob": role(map[string]any{"allowed_policies_glob": "*"}),
		"periodic tokens":  role(map[string]any{"token_period": "24h"}),
		"default policy":   role(map[string]any{"token_no_default_policy": false}),
		"for ever":         role(map[string]any{"token_explicit_max_ttl": 0}),
		"until later":      role(map[string]any{"path_suffix": "4102444800"}),
		"no end":           role(map[string]any{"path_suffix": "later"}),
		"a token by hand": func(_ context.Context, g access.Grant) error {
			_, err := s.Root.Auth().Token().CreateWithRole(&api.TokenCreateRequest{}, g.Name)
			return err
		},
	}
}

// Somebody makes a second token through the role of one that was picked up. Both
// are revoked, because Vault does not say which is which, and the requester picks
// up again.
func TestCase32TokenRoleUsedByHand(t *testing.T) {
	ctx := context.Background()
	server, config := start(t)
	target := opened(t, config)
	g := newGrant(time.Hour, "orders-read")
	own := server.Client(t, minted(t, target, g))
	t.Cleanup(func() { require.NoError(t, target.Revoke(ctx, g)) })
	all, err := names(ctx, server, "auth/token/roles")
	require.NoError(t, err)
	for _, name := range all {
		if strings.HasPrefix(name, g.Name+"-") {
			_, err := server.Root.Logical().Write("auth/token/roles/"+name, map[string]any{"allowed_policies": "admin"})
			require.NoError(t, err)
			secret, err := server.Root.Auth().Token().CreateWithRole(&api.TokenCreateRequest{}, name)
			require.NoError(t, err)
			require.NoError(t, read(ctx, server.Client(t, secret.Auth.ClientToken)))
			t.Cleanup(func() { require.Error(t, read(ctx, server.Client(t, secret.Auth.ClientToken))) })
		}
	}
	differences, err := target.Drift(ctx, g)
	require.NoError(t, err)
	require.NotEmpty(t, differences)
	require.NoError(t, target.Restore(ctx, g))
	differences, err = target.Drift(ctx, g)
	require.NoError(t, err)
	require.Empty(t, differences)
	require.Error(t, read(ctx, own))
	c, err := target.Mint(ctx, g)
	require.NoError(t, err)
	require.NoError(t, read(ctx, server.Client(t, c.Env["VAULT_TOKEN"])))
}
