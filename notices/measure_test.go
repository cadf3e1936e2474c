package notices

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// TestEventToNotice logs how long it takes from the commit of an event until the mail
// server has the notice of it, one request after the other.
func TestEventToNotice(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.now = time.Now
	events := feed.New(f.ledger, logrus.New(), feed.Options{})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { events.Run(ctx) })
	running.Go(func() { f.engine.Run(ctx, events) })
	require.Eventually(t, func() bool { all, err := f.ledger.Cursors(ctx); return err == nil && len(all) == 1 }, time.Minute, 10*time.Millisecond)
	const requests = 200
	var took []time.Duration
	for range requests {
		f.clock = time.Now().UTC()
		f.submits()
		committed := time.Now()
		<-s.Next()
		took = append(took, time.Since(committed))
	}
	stop()
	running.Wait()
	require.Len(t, s.Mails(), requests, "each once")
	slices.Sort(took)
	t.Logf("event to notice: p50 %s, p99 %s, slowest %s", took[requests/2], took[requests*99/100], took[requests-1])
}
