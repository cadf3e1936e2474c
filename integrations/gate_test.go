package integrations

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// crowd sends waiters to one gate and writes down who went through, and when.
type crowd struct {
	*testing.T
	gate  *gate
	start time.Time
	group sync.WaitGroup

	mu      sync.Mutex
	through []string
	after   []time.Duration
}

func newCrowd(t *testing.T, r Rate) *crowd {
	return &crowd{T: t, gate: newGate(r), start: time.Now()}
}

// comes adds one waiter, which is in line when comes returns.
func (c *crowd) comes(ctx context.Context, name string, at turn) {
	c.group.Go(func() {
		if err := c.gate.wait(ctx, at); err != nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.through, c.after = append(c.through, name), append(c.after, time.Since(c.start))
	})
	synctest.Wait()
}

func (c *crowd) closes(due int) {
	c.comes(context.Background(), fmt.Sprintf("close %d", due), turn{ClassClosing, c.start.Add(time.Duration(due) * time.Minute)})
}

func (c *crowd) opens(n int) {
	c.comes(context.Background(), fmt.Sprintf("open %d", n), opening)
}

func TestGateKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, Rate{PerSecond: 20, Burst: 5})
		for i := range 105 {
			c.closes(i)
		}
		require.Len(t, c.through, 5)
		c.group.Wait()
		require.Len(t, c.through, 105)
		require.InDelta(t, 5, c.after[104].Seconds(), 0.3)
	})
}

func TestGateServesTheOldestExpiryFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, Rate{PerSecond: 1, Burst: 1})
		c.closes(99) // goes through at once
		for _, due := range []int{5, 3, 8, 1} {
			c.closes(due)
		}
		c.comes(context.Background(), "no end known", turn{class: ClassClosing})
		c.group.Wait()
		require.Equal(t, []string{"close 99", "no end known", "close 1", "close 3", "close 5", "close 8"}, c.through)
	})
}

func TestGateStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, Rate{PerSecond: 1, Burst: 1})
		for i := range 1000 {
			c.closes(i)
		}
		for i := range 3 {
			c.opens(i)
		}
		c.group.Wait()
		require.Equal(t, []string{"close 0", "open 0", "close 1", "open 1", "close 2", "open 2", "close 3", "close 4"}, c.through[:8])
	})
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, Rate{PerSecond: 1, Burst: 1})
		for i := range 1000 {
			c.opens(i)
		}
		c.closes(1)
		c.group.Wait()
		require.Equal(t, []string{"open 0", "close 1", "open 1"}, c.through[:3])
	})
}

func TestGateForgetsThoseWhoGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, Rate{PerSecond: 1, Burst: 1})
		c.closes(9)
		ctx, cancel := context.WithCancel(context.Background())
		c.comes(ctx, "gives up", turn{class: ClassClosing})
		c.closes(2)
		time.Sleep(300 * time.Millisecond)
		q := c.gate.queues("t")
		require.Equal(t, Queue{Target: "t", Class: ClassClosing, Waiting: 2, Oldest: c.start}, q[0])
		require.Equal(t, Queue{Target: "t", Class: ClassOpening}, q[1])
		cancel()
		synctest.Wait()
		require.Equal(t, 1, c.gate.queues("t")[0].Waiting)
		c.group.Wait()
		require.Equal(t, []string{"close 9", "close 2"}, c.through)
		require.Less(t, c.after[1], 1100*time.Millisecond)
	})
}

func TestGateSlowsDownWhenThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, Rate{PerSecond: 10, Burst: 10})
		for range 30 {
			c.gate.throttled(7 * time.Second) // thirty calls under way, one answer
		}
		for i := range 20 {
			c.closes(i)
		}
		time.Sleep(6900 * time.Millisecond)
		require.Empty(t, c.through, "the target asked for seven seconds")
		time.Sleep(1200 * time.Millisecond)
		require.NotEmpty(t, c.through)
		require.Less(t, len(c.through), 11, "no burst after the pause")
		c.group.Wait()
		require.InDelta(t, 10, c.gate.current(time.Now().Add(time.Minute)), 0.001, "it recovers")
	})
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, Rate{PerSecond: 16, Burst: 1})
		for range 100 {
			c.gate.throttled(0)
			time.Sleep(shutFor)
		}
		require.GreaterOrEqual(t, c.gate.current(time.Now()), 1.0, "never slower than a sixteenth")
		c.closes(1)
		c.group.Wait()
		require.Len(t, c.through, 1)
	})
}

func TestBrokerSlowsDownATargetThatSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		target := &full{}
		b := NewBroker(map[string]Target{"aws/prod": target}, nil)
		g := access.Grant{Name: "ramp-0123456789abcdef-a", Target: "aws/prod"}
		require.Equal(t, access.CodeThrottled, access.CodeOf(b.Revoke(t.Context(), g)))
		require.NoError(t, b.Revoke(t.Context(), g))
		require.GreaterOrEqual(t, time.Since(start), 3*time.Second)
		_, err := b.Resolve(t.Context(), "aws/prod", nil)
		require.NoError(t, err, "what does not touch the target does not wait")
	})
}

// full is throttled on its first call.
type full struct {
	Target
	calls int
}

func (f *full) Bounds() Bounds { return Bounds{Rate: Rate{PerSecond: 5}} }

func (f *full) Resolve(context.Context, access.Entitlement) (access.Scope, error) {
	return access.Scope{}, nil
}

func (f *full) Revoke(context.Context, access.Grant) error {
	if f.calls++; f.calls == 1 {
		return access.RetryAfter(access.Errorf(access.CodeThrottled, "slow down"), 3*time.Second)
	}
	return nil
}

func TestRateIsChecked(t *testing.T) {
	require.NoError(t, Rate{}.Validate())
	require.NoError(t, Rate{PerSecond: 0.5}.Validate())
	require.Error(t, Rate{PerSecond: -1}.Validate())
	require.Error(t, Rate{Burst: 5}.Validate())
}
