package notices

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// TestSentOnceByTwoWorkers: a second worker that starts while the first is at work reads from
// a cursor that lags, so that both are given the same events; each address hears of each
// once all the same.
func TestSentOnceByTwoWorkers(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	second, err := ledger.Open(t.Context(), f.path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Close()) })
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	work := func(l *ledger.Ledger) {
		e := New(f.engine.config, l, l.Request, f.engine.channels[mailChannel], f.engine.log)
		e.now = f.engine.now // stands still: no claim ends because the machine is slow
		events := feed.New(l, logrus.New(), feed.Options{})
		running.Go(func() { events.Run(ctx) })
		running.Go(func() { e.Run(ctx, events) })
	}
	ask := func(n int) {
		for range n {
			f.submits(func(r *access.Request) { r.Requester.ID, r.Requester.Email = access.NewRequestID(), "" })
			f.submits(broken, func(r *access.Request) { r.Requester.ID, r.Requester.Email = access.NewRequestID(), "" })
		}
	}
	work(f.ledger)
	require.Eventually(t, func() bool { all, err := f.ledger.Cursors(ctx); return err == nil && len(all) == 1 }, time.Minute, 10*time.Millisecond)
	ask(10)
	work(second)
	ask(10)
	last, err := f.ledger.LastSeq(t.Context())
	require.NoError(t, err)
	const mails = 20 * 3 // of each pair one to those who decide, and two of break glass
	require.Eventually(t, func() bool {
		all, err := f.ledger.Cursors(ctx)
		c, failed := f.ledger.NoticeCounts(ctx)
		return err == nil && failed == nil && all[0].Seq >= last && c.Waiting == 0 && len(s.Mails()) >= mails
	}, 2*time.Minute, 20*time.Millisecond)
	stop()
	running.Wait()
	seen := map[string]bool{}
	for _, m := range s.Mails() {
		id := m.Header.Get("Message-Id")
		require.False(t, seen[id], "%s to %s is there twice", id, m.To)
		seen[id] = true
	}
	require.Len(t, seen, mails)
}
