package targettest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

// group is a service in memory that has members, and does not know why.
type group struct {
	mu      sync.Mutex
	members map[string]bool
	booked  map[string]bool // grants that ever tried, for one of the flaws
}

func (g *group) first(grant string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.booked[grant] = true
	return len(g.booked) == 1
}

// club is a target on a group, with one flaw or none.
type club struct {
	*memory // what the tier does not ask
	group   *group
	holders integrations.Holders
	flaw    flaw
	fault   func() (before, after error)
}

const (
	firstOutRemoves  flaw = "the first out removes it"
	lastOutForgets   flaw = "the last out leaves it"
	onlyFirstPuts    flaw = "only the first in the books puts it there"
	removesAfterGone flaw = "removes it after it said so"
)

func (c *club) UseHolders(h integrations.Holders) { c.holders = h }

func (c *club) set(there bool) func(context.Context, string) error {
	return func(_ context.Context, member string) error {
		before, after := error(nil), error(nil)
		if c.fault != nil {
			before, after = c.fault()
		}
		if before != nil {
			return before
		}
		c.group.mu.Lock()
		defer c.group.mu.Unlock()
		c.group.members[member] = there
		return after
	}
}

func (c *club) Grant(ctx context.Context, g access.Grant) error {
	put := c.set(true)
	if c.flaw == onlyFirstPuts && !c.group.first(g.Name) {
		put = func(context.Context, string) error { return nil }
	}
	return integrations.Attach(ctx, c.holders, g.Principal, g.Name, put, c.set(false))
}

func (c *club) Revoke(ctx context.Context, g access.Grant) error {
	switch c.flaw {
	case onlyFirstPuts:
		c.group.mu.Lock()
		delete(c.group.booked, g.Name)
		c.group.mu.Unlock()
	case firstOutRemoves:
		if err := c.set(false)(ctx, "alice"); err != nil {
			return err
		}
	case lastOutForgets:
		return integrations.Detach(ctx, c.holders, g.Name, func(context.Context, string) error { return nil })
	case removesAfterGone:
		left := false
		err := integrations.Detach(ctx, c.holders, g.Name, func(context.Context, string) error { left = true; return nil })
		if err != nil || !left {
			return err
		}
		return c.set(false)(ctx, "alice")
	}
	return integrations.Detach(ctx, c.holders, g.Name, c.set(false))
}

func (c *club) Inspect(ctx context.Context, g access.Grant) (p access.ReadBack, err error) {
	objects, err := c.holders.Objects(ctx, g.Name)
	c.group.mu.Lock()
	defer c.group.mu.Unlock()
	for member, held := range objects {
		p.Open = p.Open || held && c.group.members[member]
	}
	return p, err
}

func clubHarness(t *testing.T, f flaw) targettest.SharingHarness {
	led, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { led.Close() })
	g := &group{members: map[string]bool{}, booked: map[string]bool{}}
	open := func(fault func() (before, after error)) integrations.Target {
		c := &club{memory: &memory{s: newService()}, group: g, flaw: f, fault: fault}
		c.UseHolders(led.Holders("club/one"))
		return c
	}
	return targettest.SharingHarness{
		Open: func(*testing.T) integrations.Target { return open(nil) },
		NewGrant: func() access.Grant {
			id := access.NewRequestID()
			return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "club/one", Principal: "alice",
				ExpiresAt: time.Now().Add(time.Hour)}
		},
		Exists: func(context.Context) (bool, error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.members["alice"], nil
		},
		Faulty: func(_ *testing.T, fault targettest.Fault, n int) integrations.Target {
			calls := 0
			return open(func() (before, after error) {
				calls++
				down := access.Errorf(access.CodeUnavailable, "not there")
				switch {
				case fault == targettest.LostReply && calls == n:
					return nil, down
				case fault == targettest.Unavailable && calls >= n:
					return down, nil
				}
				return nil, nil
			})
		},
		Slow: func(_ *testing.T, reached chan<- struct{}, goOn <-chan struct{}) integrations.Target {
			return open(func() (before, after error) {
				reached <- struct{}{}
				<-goOn
				return nil, nil
			})
		},
	}
}

func TestCase30Sharing(t *testing.T) { targettest.Sharing(t, clubHarness(t, none)) }

func TestEveryFlawOfSharingIsFound(t *testing.T) {
	for _, f := range []flaw{firstOutRemoves, lastOutForgets, onlyFirstPuts, removesAfterGone} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run", "^TestFlawedSharing$")
			cmd.Env = append(os.Environ(), flawVariable+"="+string(f))
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "the suite passes a target where %s", f)
			require.Contains(t, string(out), "--- FAIL: TestFlawedSharing/")
			require.NotContains(t, string(out), "panic:")
		})
	}
}

// TestFlawedSharing is for the processes that TestEveryFlawOfSharingIsFound starts.
func TestFlawedSharing(t *testing.T) {
	if f := os.Getenv(flawVariable); f != "" {
		targettest.Sharing(t, clubHarness(t, flaw(f)))
	}
}
