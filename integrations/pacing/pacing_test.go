package pacing

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// callers send operations to one Limiter and record which were let through, in
// which order, and how long after the start.
type callers struct {
	*testing.T
	limiter *Limiter
	start   time.Time
	group   sync.WaitGroup

	mu      sync.Mutex
	through []string
	after   []time.Duration
}

func newCallers(t *testing.T, r Rate) *callers {
	return &callers{T: t, limiter: New(r), start: time.Now()}
}

// add sends one operation, which is in its queue when add returns.
func (c *callers) add(ctx context.Context, name string, class Class, due time.Time) {
	c.group.Go(func() {
		if err := c.limiter.Wait(ctx, class, due); err != nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.through, c.after = append(c.through, name), append(c.after, time.Since(c.start))
	})
	synctest.Wait()
}

func (c *callers) closing(due int) {
	c.add(context.Background(), fmt.Sprintf("close %d", due), Closing, c.start.Add(time.Duration(due)*time.Minute))
}

func (c *callers) opening(n int) {
	c.add(context.Background(), fmt.Sprintf("open %d", n), Opening, time.Time{})
}

func TestKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 20, Burst: 5})
		for i := range 105 {
			c.closing(i)
		}
		require.Len(t, c.through, 5)
		c.group.Wait()
		require.Len(t, c.through, 105)
		require.InDelta(t, 5, c.after[104].Seconds(), 0.3)
	})
}

func TestEarliestExpiryGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 1, Burst: 1})
		c.closing(99) // let through at once
		for _, due := range []int{5, 3, 8, 1} {
			c.closing(due)
		}
		c.add(context.Background(), "no end known", Closing, time.Time{})
		c.group.Wait()
		require.Equal(t, []string{"close 99", "no end known", "close 1", "close 3", "close 5", "close 8"}, c.through)
	})
}

func TestNeitherClassStarvesTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 1, Burst: 1})
		for i := range 1000 {
			c.closing(i)
		}
		for i := range 3 {
			c.opening(i)
		}
		c.group.Wait()
		require.Equal(t, []string{"close 0", "open 0", "close 1", "open 1", "close 2", "open 2", "close 3", "close 4"}, c.through[:8])
	})
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 1, Burst: 1})
		for i := range 1000 {
			c.opening(i)
		}
		c.closing(1)
		c.group.Wait()
		require.Equal(t, []string{"open 0", "close 1", "open 1"}, c.through[:3])
	})
}

// TestAsideTakesNothingFromOthers: what can be left undone waits while anything else does,
// and leaves half of a burst to what comes after it.
func TestAsideTakesNothingFromOthers(t *testing.T) {
	aside := func(c *callers, n int) { c.add(context.Background(), fmt.Sprintf("aside %d", n), Aside, time.Time{}) }
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 1, Burst: 1})
		aside(c, 0)
		aside(c, 1)
		for i := range 3 {
			c.closing(i)
			c.opening(i)
		}
		c.group.Wait()
		require.Equal(t, []string{"aside 0", "close 0", "open 0", "close 1", "open 1", "close 2", "open 2", "aside 1"}, c.through)
		require.InDelta(t, 7, c.after[7].Seconds(), 0.1)
	})
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 4, Burst: 8})
		for i := range 8 {
			aside(c, i)
		}
		require.Len(t, c.through, 4)
		for i := range 4 {
			c.closing(i)
		}
		require.Equal(t, []string{"close 0", "close 1", "close 2", "close 3"}, c.through[4:])
		for _, after := range c.after {
			require.Zero(t, after)
		}
		c.group.Wait()
	})
}

func TestThoseWhoGiveUpLeaveTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 1, Burst: 1})
		c.closing(9)
		ctx, cancel := context.WithCancel(context.Background())
		c.add(ctx, "gives up", Closing, time.Time{})
		c.closing(2)
		time.Sleep(300 * time.Millisecond)
		q := c.limiter.Queues()
		require.Equal(t, Queue{Class: Closing, Waiting: 2, Oldest: c.start}, q[0])
		require.Equal(t, Queue{Class: Opening}, q[1])
		cancel()
		synctest.Wait()
		require.Equal(t, 1, c.limiter.Queues()[0].Waiting)
		c.group.Wait()
		require.Equal(t, []string{"close 9", "close 2"}, c.through)
		require.Less(t, c.after[1], 1100*time.Millisecond)
	})
}

func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 10, Burst: 10})
		for range 30 {
			c.limiter.BackOff(7 * time.Second) // thirty calls were under way: one complaint
		}
		for i := range 20 {
			c.closing(i)
		}
		time.Sleep(6900 * time.Millisecond)
		require.Empty(t, c.through, "the target asked for seven seconds")
		time.Sleep(1200 * time.Millisecond)
		require.NotEmpty(t, c.through)
		require.Less(t, len(c.through), 11, "no burst after the pause")
		c.group.Wait()
		require.InDelta(t, 10, c.limiter.currentRate(time.Now().Add(time.Minute)), 0.001, "it recovers")
	})
	synctest.Test(t, func(t *testing.T) {
		c := newCallers(t, Rate{PerSecond: 16, Burst: 1})
		for range 100 {
			c.limiter.BackOff(0)
			time.Sleep(defaultPause)
		}
		require.GreaterOrEqual(t, c.limiter.currentRate(time.Now()), 1.0, "never slower than a sixteenth")
		c.closing(1)
		c.group.Wait()
		require.Len(t, c.through, 1)
	})
}

func TestRateValidate(t *testing.T) {
	require.NoError(t, Rate{}.Validate())
	require.NoError(t, Rate{PerSecond: 0.5}.Validate())
	require.Error(t, Rate{PerSecond: -1}.Validate())
	require.Error(t, Rate{Burst: 5}.Validate())
}
