package sinktest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
)

// benchEvents are the events of one iteration.
const benchEvents = 9000

// Bench measures how many events a second go through a sink, from the ledger to what the
// receiver has confirmed, with the feed's and the sink's own settings. Appending them is
// not measured.
func Bench(b *testing.B, open func(t testing.TB) Harness) {
	w := New(b, open)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		for range benchEvents {
			w.appended++
			require.NoError(b, w.Ledger.AppendEvent(b.Context(), access.Event{At: time.Now(), Kind: access.EventGrantOpened, RequestID: fmt.Sprintf("r%d", w.appended/10), Actor: access.ActorRamp,
				Detail: map[string]string{"grant": fmt.Sprintf("ramp-r%d-a", w.appended/10), "target": "ssh/demo"}}))
		}
		w.Sign(w.server)
		ctx, stop := context.WithCancel(b.Context())
		f, c := feed.New(w.Ledger, w.log, feed.Options{}), w.Consumer()
		var running sync.WaitGroup
		b.StartTimer()
		running.Go(func() { f.Run(ctx) })
		running.Go(func() { f.Consume(ctx, w.Ledger, c, w.Config.From()) })
		arrived := arrives(func() bool { return w.Cursor().Seq == w.appended })
		b.StopTimer()
		stop()
		running.Wait()
		require.True(b, arrived, "%+v", w.Cursor())
	}
	b.ReportMetric(float64(benchEvents*b.N)/b.Elapsed().Seconds(), "events/s")
}
