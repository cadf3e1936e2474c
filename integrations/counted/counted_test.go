package counted_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/ledger"
)

// club is a service with one object, that shows its newest state. It does not know who made
// the object.
type club struct {
	there bool
	lost  bool // the reply to the next removal
}

const admins = "membership admins"

func (c *club) Object(context.Context, access.Grant) (string, error) { return admins, nil }

func (c *club) Shows(context.Context, string) (string, error) {
	if c.there {
		return "this membership", nil
	}
	return "", nil
}

func (c *club) Put(context.Context, string) error {
	c.there = true
	return nil
}

func (c *club) Remove(context.Context, string, string) error {
	c.there = false
	if c.lost {
		c.lost = false
		return access.Errorf(access.CodeUnavailable, "the reply is lost")
	}
	return nil
}

// TestCase157Orders tries openings, closings, second closings, closings that break off and what
// an administrator gives and takes, in all orders: what grants gave is there while one of them
// is open and no longer, and what the administrator gave stays.
func TestCase157Orders(t *testing.T) {
	led, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { led.Close() })
	rapid.Check(t, func(t *rapid.T) {
		service, ctx := &club{}, context.Background()
		target := counted.New(service, counted.Shared{Prefix: "membership "})
		target.UseHolders(led.Holders("club/" + string(access.NewRequestID())))
		var (
			grants   []access.Grant
			open     = map[string]bool{}
			ended    = map[string]bool{} // and, of those that were the last to leave, true
			breaking string              // the grant whose closing broke off
			byHand   bool                // the administrator gave it, and no grant was open
		)
		for range 3 {
			id := access.NewRequestID()
			grants = append(grants, access.Grant{Name: access.GrantName(id, 0), RequestID: id})
		}
		closes := func(g access.Grant) {
			require.NoError(t, target.Revoke(ctx, g))
			if open[g.Name] {
				delete(open, g.Name)
				ended[g.Name] = len(open) == 0
			}
			if breaking == g.Name {
				breaking = ""
			}
		}
		one := rapid.SampledFrom(grants)
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				g := one.Draw(t, "grant")
				err := target.Grant(ctx, g)
				_, was := ended[g.Name]
				switch {
				case breaking == g.Name || breaking == "" && (was || byHand):
					require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
				case breaking != "":
					require.Error(t, err)
				default:
					require.NoError(t, err)
					open[g.Name] = true
				}
			},
			"close": func(t *rapid.T) { closes(one.Draw(t, "grant")) },
			"close, and break off": func(t *rapid.T) {
				g := one.Draw(t, "grant")
				service.lost = true
				err := target.Revoke(ctx, g)
				service.lost = false
				if err != nil {
					require.True(t, breaking == g.Name || open[g.Name] && len(open) == 1, "nothing was to be removed: %v", err)
					delete(open, g.Name)
					ended[g.Name], breaking = true, g.Name
				} else {
					closes(g)
				}
			},
			"administrator gives": func(*rapid.T) {
				if breaking != "" { // what is being removed is removed once more
					return
				}
				byHand = byHand || len(open) == 0
				service.there = true
			},
			"administrator takes": func(*rapid.T) {
				if len(open) > 0 { // that is for those who compare what is open
					return
				}
				byHand, service.there = false, false
			},
			"": func(t *rapid.T) {
				require.Equal(t, len(open) > 0 || byHand, service.there)
				for _, g := range grants {
					p, err := target.Inspect(ctx, g)
					require.NoError(t, err)
					require.Equal(t, open[g.Name], p.Open, g.Name)
					require.Equal(t, ended[g.Name] && byHand, p.Again, g.Name)
				}
				listed, err := target.List(ctx)
				require.NoError(t, err)
				for _, g := range grants {
					require.Equal(t, open[g.Name], slices.ContainsFunc(listed, func(l integrations.ListedGrant) bool { return l.Name == g.Name }))
				}
			},
		})
	})
}
