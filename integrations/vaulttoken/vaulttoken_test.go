package vaulttoken

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

func TestConformance(t *testing.T) {
	server, config := start(t)
	client := func(ctx context.Context, c access.Credential) *api.Client {
		client := server.Client(t, c.Env["VAULT_TOKEN"])
		require.NoError(t, client.SetAddress(c.Env["VAULT_ADDR"]))
		return client
	}
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return opened(t, config) },
		Target: "vault/test", Principal: "alice@example.com",
		Entitlement: access.Entitlement{"policies": []any{"orders-read"}},
		Other:       access.Entitlement{"policies": []any{"orders-read", "orders-write"}},
		Invalid: map[string]access.Entitlement{
			"no list":       {"policies": "orders-read"},
			"empty list":    {"policies": []any{}},
			"null":          {"policies": nil},
			"not texts":     {"policies": []any{"orders-read", 7}},
			"not allowed":   {"policies": []any{"orders-read", "admin"}},
			"root":          {"policies": []any{"root"}},
			"twice":         {"policies": []any{"orders-read", "orders-read"}},
			"upper case":    {"policies": []any{"Orders-Read"}},
			"two in one":    {"policies": []any{"orders-read,admin"}},
			"empty name":    {"policies": []any{""}},
			"glob":          {"policies": []any{"orders-*"}},
			"space":         {"policies": []any{"orders-read "}},
			"list in lists": {"policies": []any{[]any{"orders-read"}}},
		},
		ListNames: func(ctx context.Context) ([]string, error) { return marked(ctx, server) },
		Remove:    func(ctx context.Context, name string) error { return removeByHand(ctx, server, name) },
		Widen:     widen(t, server),
		Foreign:   func(t *testing.T) func(context.Context) error { return foreign(t, server) },
		Use: func(ctx context.Context, _ access.Grant, c access.Credential) error {
			return read(ctx, client(ctx, c))
		},
		Dial: func(ctx context.Context, _ access.Grant, c access.Credential) (targettest.Session, error) {
			h := &holder{client(ctx, c)}
			return h, h.Alive(ctx)
		},
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			target, err := config.open(context.Background(), "vault/test", faulty(fault, n))
			require.NoError(t, err)
			return target
		},
		Lacks: targettest.Lacks{NotFoundYet: "the active node reads what it wrote last"},
	})
}

var (
	aGrant = regexp.MustCompile(`^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j](-[0-9a-hjkmnp-tv-z]{16})?$`)
	places = []string{"auth/token/roles", "sys/leases/lookup/auth/token/create"}
)

// names returns the names below a path, read with the root token.
func names(ctx context.Context, s *vaulttest.Server, path string) (out []string, err error) {
	secret, err := s.Root.Logical().ListWithContext(ctx, path)
	if err != nil || secret == nil {
		return nil, err
	}
	for _, key := range secret.Data["keys"].([]any) {
		out = append(out, strings.TrimSuffix(key.(string), "/"))
	}
	return out, nil
}

// marked returns the grants' names on Vault, read without the code under test.
func marked(ctx context.Context, s *vaulttest.Server) (found []string, err error) {
	for _, place := range places {
		all, err := names(ctx, s, place)
		if err != nil {
			return nil, err
		}
		for _, name := range all {
			if aGrant.MatchString(name) {
				found = append(found, name[:len("ramp-0123456789abcdef-a")])
			}
		}
	}
	return found, nil
}

// removeByHand deletes a grant's roles, but not its tokens.
func removeByHand(ctx context.Context, s *vaulttest.Server, grant string) error {
	all, err := names(ctx, s, "auth/token/roles")
	if err != nil {
		return err
	}
	for _, name := range all {
		if strings.HasPrefix(name, grant) {
			if _, err := s.Root.Logical().DeleteWithContext(ctx, "auth/token/roles/"+name); err != nil {
				return err
			}
		}
	}
	return nil
}

// foreign makes roles whose names are almost Ramp's, each with a live token.
func foreign(t *testing.T, s *vaulttest.Server) func(context.Context) error {
	tokens := map[string]string{}
	for _, name := range []string{"ramp", "ramp-build", "ramp-0123456789abcdef-z", "ramp-0123456789abcdef",
		"ramp-0123456789abcdef-a-by-hand", "ramp-0123456789abcdef-ab", "xramp-0123456789abcdef-a",
		"ramp-0123456789abcdef-a-0123456789abcdef-a", "RAMP-0123456789abcdef-a"} {
		_, err := s.Root.Logical().Write("auth/token/roles/"+name, map[string]any{
			"allowed_policies": "orders-read", "orphan": true, "path_suffix": "1700000000"})
		require.NoError(t, err)
		secret, err := s.Root.Auth().Token().CreateWithRole(&api.TokenCreateRequest{}, name)
		require.NoError(t, err)
		tokens[name] = secret.Auth.ClientToken
	}
	plain := s.Token(t, "orders-read")
	tokens[""] = plain
	return func(ctx context.Context) error {
		for name, token := range tokens {
			if err := read(ctx, s.Client(t, token)); err != nil {
				return fmt.Errorf("a token of %q: %w", name, err)
			}
			if name == "" {
				continue
			}
			if role, err := s.Root.Logical().ReadWithContext(ctx, "auth/token/roles/"+name); err != nil || role == nil {
				return fmt.Errorf("role %q: %v (%v)", name, role, err)
			}
		}
		return nil
	}
}
