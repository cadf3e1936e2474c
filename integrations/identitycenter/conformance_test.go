package identitycenter

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformance(t *testing.T) {
	c := start(t)
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return c.open(t, nil) },
		Target: targetName, Principal: c.person(t), Person: c.person,
		Entitlement: readOnly, Other: admin,
		Invalid: map[string]access.Entitlement{
			"no account":         {"permissionSet": "ReadOnly"},
			"no permission set":  {"account": workload},
			"unknown set":        {"account": workload, "permissionSet": "PowerUser"},
			"a set's ARN":        {"account": workload, "permissionSet": c.config.PermissionSets["Admin"]},
			"another account":    {"account": "999999999999", "permissionSet": "ReadOnly"},
			"every account":      {"account": "*", "permissionSet": "ReadOnly"},
			"account short":      {"account": "12345", "permissionSet": "ReadOnly"},
			"account is a list":  {"account": []any{workload}, "permissionSet": "ReadOnly"},
			"management account": {"account": c.config.Account, "permissionSet": "ReadOnly"},
		},
		ListNames: c.names,
		Remove: func(ctx context.Context, name string) error {
			objects, err := c.holders().Objects(ctx, name)
			for object := range objects {
				a, err := parse(object)
				if err != nil {
					return err
				}
				if err := c.byHand(ctx, a, false); err != nil {
					return err
				}
			}
			return err
		},
		Foreign: c.foreign,
		Use:     c.use(t),
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			return c.open(t, faulty(c.cloud, fault, n))
		},
		Lacks: targettest.Lacks{
			Expiry:   "an assignment has no end of its own on AWS; what ends by itself is a session",
			Sessions: "AWS has no connections to keep: each call of a session is judged by the policies, which Use evaluates for one that was issued before",
			Mint:     "people sign in to Identity Center's portal themselves",
		},
	})
}

func TestCase142Sharing(t *testing.T) {
	c := start(t)
	who := c.person(t)
	one := grantFor(who, admin)
	open := func(t *testing.T, wire http.RoundTripper) integrations.Target { return c.open(t, wire) }
	targettest.Sharing(t, targettest.SharingHarness{
		Open:     func(t *testing.T) integrations.Target { return open(t, nil) },
		NewGrant: func() access.Grant { return grantFor(who, admin) },
		Exists:   func(ctx context.Context) (bool, error) { return c.has(ctx, c.of(ctx, t, one)) },
		ByHand:   func(ctx context.Context, there bool) error { return c.byHand(ctx, c.of(ctx, t, one), there) },
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			return open(t, faulty(c.cloud, fault, n))
		},
		Slow: func(t *testing.T, reached chan<- struct{}, goOn <-chan struct{}) integrations.Target {
			return open(t, targettest.SlowWire{To: c.cloud, Reached: reached, GoOn: goOn})
		},
	})
}

// foreign makes what others gave: the same permission set in the same account, to
// other people and to a group.
func (c *center) foreign(t *testing.T) func(context.Context) error {
	ctx := context.Background()
	var all []assignment
	for range 2 {
		all = append(all, c.of(ctx, t, grantFor(c.person(t), readOnly)))
	}
	for _, a := range all {
		require.NoError(t, c.byHand(ctx, a, true))
	}
	t.Cleanup(func() {
		for _, a := range all {
			require.NoError(t, c.byHand(ctx, a, false))
		}
	})
	return func(ctx context.Context) error {
		for _, a := range all {
			there, err := c.has(ctx, a)
			if err != nil {
				return err
			}
			if !there {
				return fmt.Errorf("what %s had was taken", a.user)
			}
		}
		return nil
	}
}
