package vaulttoken

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// office is a Vault with people who log in themselves, by user name and password.
type office struct {
	*vaulttest.Server
	config   Config
	accessor string

	mu     sync.Mutex
	tokens map[string]string // of each person, from before any grant
	ids    map[string]string // of their identities
}

const usersPassword = "users-own-password"

// startOffice is start with people, and a token for Ramp whose only policy is logins.hcl.
func startOffice(t *testing.T) *office {
	t.Helper()
	server, config := start(t)
	o := &office{Server: server, config: config, tokens: map[string]string{}, ids: map[string]string{}}
	o.accessor = o.method(t, "userpass")
	o.config.Logins = &Logins{Accessor: o.accessor}
	server.Policy(t, "ramp-logins", LoginPolicy(o.accessor, config.Policies...))
	o.config.Token = field.SecretFile(vaulttest.TokenFile(t, server.Token(t, "ramp-logins")))
	return o
}

// method mounts a way to log in and returns its accessor.
func (o *office) method(t *testing.T, path string) string {
	t.Helper()
	require.NoError(t, o.Root.Sys().EnableAuthWithOptions(path, &api.EnableAuthOptions{Type: "userpass"}))
	all, err := o.Root.Sys().ListAuth()
	require.NoError(t, err)
	return all[path+"/"].Accessor
}

// person makes somebody who has logged in once.
func (o *office) person(t *testing.T) string {
	t.Helper()
	id := access.NewRequestID()
	name := "p" + id
	o.join(t, "userpass", name)
	token := o.login(t, "userpass", name)
	self, err := o.Root.Auth().Token().Lookup(token)
	require.NoError(t, err)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tokens[name], o.ids[name] = token, self.Data["entity_id"].(string)
	return name
}

func (o *office) join(t *testing.T, method, name string) {
	t.Helper()
	o.write(t, "auth/"+method+"/users/"+name, map[string]any{"password": usersPassword, "token_no_default_policy": true})
}

// login returns a new token of a person's.
func (o *office) login(t *testing.T, method, name string) string {
	t.Helper()
	secret, err := o.Client(t, "").Logical().Write("auth/"+method+"/login/"+name, map[string]any{"password": usersPassword})
	require.NoError(t, err)
	return secret.Auth.ClientToken
}

// write writes as an administrator of Vault.
func (o *office) write(t *testing.T, path string, data map[string]any) *api.Secret {
	t.Helper()
	secret, err := o.Root.Logical().Write(path, data)
	require.NoError(t, err)
	return secret
}

// early returns the client of a person who logged in before any grant.
func (o *office) early(t *testing.T, name string) *api.Client {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Client(t, o.tokens[name])
}

func (o *office) id(name string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ids[name]
}

func (o *office) open(t *testing.T, between func(http.RoundTripper) http.RoundTripper) *logins {
	t.Helper()
	target, err := o.config.openLogins("vault/test", between)
	require.NoError(t, err)
	return target
}

// loginGrant is a grant for somebody who logs in.
func loginGrant(who string, policies ...any) access.Grant {
	g := newGrant(time.Hour, policies...)
	g.Principal = who
	return g
}

var aGroup = regexp.MustCompile(`^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j]$`)

// groups returns the names of Ramp's groups, read without the code under test.
func (o *office) groups(ctx context.Context) (found []string, err error) {
	all, err := names(ctx, o.Server, "identity/group/name")
	for _, name := range all {
		if aGroup.MatchString(strings.ToLower(name)) {
			found = append(found, strings.ToLower(name))
		}
	}
	return found, err
}

// widenings change a grant's group by hand, as an administrator of Vault would.
func (o *office) widenings(t *testing.T) map[string]func(context.Context, access.Grant) error {
	other := o.person(t)
	write := func(data map[string]any) func(context.Context, access.Grant) error {
		return func(ctx context.Context, g access.Grant) error {
			_, err := o.Root.Logical().WriteWithContext(ctx, "identity/group/name/"+g.Name, data)
			return err
		}
	}
	return map[string]func(context.Context, access.Grant) error{
		"more policies": write(map[string]any{"policies": "orders-read,admin"}),
		"somebody else": func(ctx context.Context, g access.Grant) error {
			return write(map[string]any{"member_entity_ids": []string{o.id(g.Principal), o.id(other)}})(ctx, g)
		},
		"until later": write(map[string]any{"metadata": map[string]string{"ramp_expires": "4102444800"}}),
		"no end":      write(map[string]any{"metadata": map[string]string{}}),
		"a group in it": func(ctx context.Context, g access.Grant) error {
			secret, err := o.Root.Logical().WriteWithContext(ctx, "identity/group/name/in-"+g.Name, map[string]any{"member_entity_ids": []string{o.id(other)}})
			if err != nil {
				return err
			}
			return write(map[string]any{"member_group_ids": []string{secret.Data["id"].(string)}})(ctx, g)
		},
		"in another group": func(ctx context.Context, g access.Grant) error {
			group, err := o.Root.Logical().ReadWithContext(ctx, "identity/group/name/"+g.Name)
			if err == nil {
				_, err = o.Root.Logical().WriteWithContext(ctx, "identity/group/name/over-"+g.Name, map[string]any{
					"policies": "admin", "member_group_ids": []string{group.Data["id"].(string)}})
			}
			return err
		},
		"of an identity provider": func(ctx context.Context, g access.Grant) error {
			_, err := o.Root.Logical().DeleteWithContext(ctx, "identity/group/name/"+g.Name)
			secret, made := o.Root.Logical().WriteWithContext(ctx, "identity/group/name/"+g.Name, map[string]any{"type": "external", "policies": "orders-read"})
			if err = errors.Join(err, made); err != nil {
				return err
			}
			_, err = o.Root.Logical().WriteWithContext(ctx, "identity/group-alias", map[string]any{"name": g.Name, "mount_accessor": o.accessor, "canonical_id": secret.Data["id"]})
			return err
		},
	}
}

// strangers makes groups whose names are almost Ramp's, each with somebody who uses it.
func (o *office) strangers(t *testing.T) func(context.Context) error {
	people := map[string]string{}
	for _, name := range []string{"ramp", "ramp-build", "ramp-0123456789abcdef-z", "ramp-0123456789abcdef", "ramp-0123456789abcdef-a-by-hand",
		"ramp-0123456789abcdef-ab", "xramp-0123456789abcdef-a", "ramp-0123456789abcdef-a-0123456789abcdef"} {
		people[name] = o.person(t)
		o.write(t, "identity/group/name/"+name, map[string]any{"policies": "orders-read", "member_entity_ids": []string{o.id(people[name])},
			"metadata": map[string]string{"ramp_expires": "1700000000"}})
	}
	return func(ctx context.Context) error {
		for name, who := range people {
			if err := read(ctx, o.early(t, who)); err != nil {
				return fmt.Errorf("a member of %q: %w", name, err)
			}
		}
		return nil
	}
}
