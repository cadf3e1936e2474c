package feed_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/feed"
)

// TestACursorIsRecordedNowAndThen: each time is a transaction, so that a busy log costs
// few. When the process stops, and when nothing more comes, it is recorded all the same.
func TestACursorIsRecordedNowAndThen(t *testing.T) {
	f := newFixture(t)
	f.append(60)
	o := fast
	o.Record = time.Hour
	r := f.running(f.Ledger, o)
	c := &recorder{name: "c"}
	var times atomic.Int64
	stop := f.background(func(ctx context.Context) {
		r.Consume(ctx, &watched{Cursors: f, moved: func(int64) { times.Add(1) }}, c, feed.FromFirst)
	})
	f.eventually("all is handled", func() bool { return len(c.numbers()) == 60 })
	require.EqualValues(t, 3, f.cursor("c").Seq, "the first batch is recorded at once")
	stop()
	require.EqualValues(t, 2, times.Load())
	require.EqualValues(t, 60, f.cursor("c").Seq, "what was handled is not handled again by the next process")

	o.Record = 20 * time.Millisecond
	r = f.running(f.Ledger, o)
	f.background(func(ctx context.Context) { r.Consume(ctx, f, c, feed.FromFirst) })
	f.append(20)
	f.eventually("it is recorded although nothing more comes", func() bool { return f.cursor("c").Seq == 80 })
}
