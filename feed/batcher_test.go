package feed_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
)

// batches is a consumer that wants many events at once.
type batches struct {
	recorder
	most   int
	linger time.Duration
	sizes  []int // of each call; read once it is done with
}

func (b *batches) Batch() (int, time.Duration) { return b.most, b.linger }

func (b *batches) Handle(ctx context.Context, events []access.Event) error {
	b.mu.Lock()
	b.sizes = append(b.sizes, len(events))
	b.mu.Unlock()
	return b.recorder.Handle(ctx, events)
}

// TestBatches: a consumer that waits for more is given what comes meanwhile in one call,
// however few events others are given at once, and a full batch waits for nothing.
func TestBatches(t *testing.T) {
	f := newFixture(t)
	r := f.running(f.Ledger, fast)
	full := &batches{recorder: recorder{name: "full"}, most: 20, linger: time.Hour}
	f.background(func(ctx context.Context) { r.Consume(ctx, f, full, feed.FromFirst) })
	for range 5 {
		f.append(4)
	}
	f.eventually("a full batch is handled", func() bool { return len(full.numbers()) == 20 })
	require.Equal(t, numbers(1, 20), full.numbers())
	require.Equal(t, []int{20}, full.sizes)

	f.append(3)
	some := &batches{recorder: recorder{name: "some"}, most: 15, linger: 20 * time.Millisecond}
	stop := f.background(func(ctx context.Context) { r.Consume(ctx, f, some, feed.FromFirst) })
	f.eventually("what does not fill a batch is handled in time", func() bool { return f.cursor("some").Seq == 23 })
	stop()
	require.Equal(t, numbers(1, 23), some.numbers())
	require.Equal(t, 15, some.sizes[0])
}

// TestStoppedWhileItWaits: what waited is given to the next process.
func TestStoppedWhileItWaits(t *testing.T) {
	f := newFixture(t)
	r := f.running(f.Ledger, fast)
	c := &batches{recorder: recorder{name: "c"}, most: 20, linger: time.Hour}
	stop := f.background(func(ctx context.Context) { r.Consume(ctx, f, c, feed.FromFirst) })
	f.append(7)
	f.eventually("it has begun", func() bool { return f.cursor("c").Name == "c" })
	stop()
	require.Empty(t, c.numbers())
	c.linger = 0
	f.background(func(ctx context.Context) { r.Consume(ctx, f, c, feed.FromFirst) })
	f.eventually("nothing is lost", func() bool { return len(c.numbers()) == 7 })
}
