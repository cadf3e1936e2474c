package webhooks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// BenchmarkThroughput delivers 9,000 events, each its own signed POST after the one before
// it was taken, to a receiver on this machine that verifies them, without a ledger.
func BenchmarkThroughput(b *testing.B) {
	const batch, events = 500, 9000
	r := receive(b)
	h := hook(b, r.URL)
	var seq int64
	b.ResetTimer()
	for range b.N {
		for range events / batch {
			var of []access.Event
			for range batch {
				seq++
				of = append(of, access.Event{Seq: seq, At: time.Now(), Kind: access.EventGrantOpened, RequestID: "k2m4q6s8u0w2y4a6", Actor: access.ActorRamp, Detail: map[string]string{"grant": "ramp-k2m4q6s8u0w2y4a6-a", "target": "ssh/demo"}})
			}
			require.NoError(b, h.Handle(b.Context(), of))
		}
	}
	b.StopTimer()
	require.Len(b, r.got(), events*b.N)
	b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "events/s")
}
