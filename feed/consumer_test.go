package feed_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
)

func TestAConsumerIsGivenEveryEventInOrder(t *testing.T) {
	f := newFixture(t)
	f.append(7)
	r := f.running(f.Ledger, fast)
	all, fresh := &recorder{name: "all"}, &recorder{name: "fresh"}
	f.background(func(ctx context.Context) { r.Consume(ctx, f, all, feed.FromFirst) })
	stop := f.background(func(ctx context.Context) { r.Consume(ctx, f, fresh, feed.FromNow) })
	f.eventually("both have a cursor", func() bool { return f.cursor("all").Seq == 7 && f.cursor("fresh").Seq == 7 })
	require.Equal(t, numbers(1, 7), all.numbers())
	require.Empty(t, fresh.numbers())
	f.append(2)
	f.eventually("both are given what is new", func() bool { return f.cursor("all").Seq == 9 && f.cursor("fresh").Seq == 9 })
	stop()
	f.append(2)
	f.background(func(ctx context.Context) { r.Consume(ctx, f, fresh, feed.FromNow) })
	f.eventually("it goes on where it was", func() bool { return f.cursor("fresh").Seq == 11 })
	require.Equal(t, numbers(8, 11), fresh.numbers())
}

// TestAnotherProcessEvents: what another process writes is found by looking.
func TestAnotherProcessEvents(t *testing.T) {
	f := newFixture(t)
	r := f.running(f.open(), fast)
	c := &recorder{name: "c"}
	f.background(func(ctx context.Context) { r.Consume(ctx, f, c, feed.FromFirst) })
	f.append(3)
	f.eventually("it is given what another process wrote", func() bool { return f.cursor("c").Seq == 3 })
}

func TestAFailingConsumerIsShownAndTriedAgain(t *testing.T) {
	f := newFixture(t)
	f.append(4)
	began, tries := time.Now(), 0
	c := &recorder{name: "c", fail: func([]access.Event) error {
		if tries++; tries < 4 {
			return errors.New("the sink is down")
		}
		return nil
	}}
	o := fast
	o.RetryMin, o.RetryMax = 60*time.Millisecond, time.Minute
	r := f.running(f.Ledger, o)
	f.background(func(ctx context.Context) { r.Consume(ctx, f, c, feed.FromFirst) })
	f.eventually("the failure is shown", func() bool { return f.cursor("c").Error == "the sink is down" })
	failing := f.cursor("c")
	require.NotNil(t, failing.FailingSince)
	require.Zero(t, failing.Seq, "what failed is not behind it")
	f.eventually("it goes on", func() bool { return f.cursor("c").Seq == 4 })
	require.Equal(t, numbers(1, 4), c.numbers())
	require.Empty(t, f.cursor("c").Error)
	require.Nil(t, f.cursor("c").FailingSince)
	// Pauses of 60, 90 and 135 ms, each shorter or longer by up to a half.
	require.Greater(t, time.Since(began), 140*time.Millisecond, "the pauses grow")
	errorsLogged := 0
	for _, e := range f.logged.AllEntries() {
		if e.Message == "a consumer of events fails; it tries again" {
			errorsLogged++
		}
	}
	require.Equal(t, 1, errorsLogged, "the same failure is logged once")
}

func TestAGapStopsTheConsumer(t *testing.T) {
	for name, seq := range map[string]int64{"in the middle": 5, "at the end": 8} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.append(8)
			restore := f.remove(seq)
			r := f.running(f.Ledger, fast)
			c := &recorder{name: "c"}
			f.background(func(ctx context.Context) { r.Consume(ctx, f, c, feed.FromFirst) })
			f.eventually("the gap is shown", func() bool { return f.cursor("c").Error != "" && f.cursor("c").Gap() })
			require.Contains(t, f.cursor("c").Error, "the log has a gap")
			require.NotContains(t, c.numbers(), seq+1)
			require.Less(t, f.cursor("c").Seq, seq)
			require.EqualValues(t, 1, figure(t, f, "ramp_feed_gap"))
			restore()
			f.eventually("it goes on once the event is back", func() bool { return f.cursor("c").Seq == 8 })
			require.Equal(t, numbers(1, 8), c.numbers())
			require.Zero(t, figure(t, f, "ramp_feed_gap"))
		})
	}
	t.Run("behind the cursor", func(t *testing.T) {
		f := newFixture(t)
		f.append(3)
		_, err := f.OpenCursor(t.Context(), "c", 5, time.Now())
		require.NoError(t, err)
		r := f.running(f.Ledger, fast)
		c := &recorder{name: "c"}
		f.background(func(ctx context.Context) { r.Consume(ctx, f, c, feed.FromFirst) })
		f.eventually("a log that was cut off is shown", func() bool { return f.cursor("c").Error != "" })
		require.True(t, f.cursor("c").Gap())
		f.append(1) // which takes the number of one that was handled
		require.Empty(t, c.numbers())
	})
}

// TestLagIsAMetric: how many events, and how old the oldest is.
func TestLagIsAMetric(t *testing.T) {
	f := newFixture(t)
	_, err := f.OpenCursor(t.Context(), "c", 0, time.Now())
	require.NoError(t, err)
	require.Zero(t, figure(t, f, "ramp_feed_lag_seconds"))
	for range 3 {
		require.NoError(t, f.AppendEvent(t.Context(), access.Event{At: time.Now().Add(-time.Hour), Kind: access.EventActRefused, Actor: "dave"}))
	}
	require.EqualValues(t, 3, figure(t, f, "ramp_feed_lag_events"))
	require.InDelta(t, 3600, figure(t, f, "ramp_feed_lag_seconds"), 60)
	require.NoError(t, f.FailCursor(t.Context(), "c", 0, time.Now().Add(-time.Minute), "x"))
	require.InDelta(t, 60, figure(t, f, "ramp_feed_failing_seconds"), 10)
	_, err = f.MoveCursor(t.Context(), "c", 3, time.Now())
	require.NoError(t, err)
	for _, name := range []string{"ramp_feed_lag_events", "ramp_feed_lag_seconds", "ramp_feed_failing_seconds"} {
		require.Zero(t, figure(t, f, name), name)
	}
	problems, err := testutil.GatherAndLint(registry(f))
	require.NoError(t, err)
	require.Empty(t, problems)
}

func registry(f *fixture) *prometheus.Registry {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(feed.Metrics{Ledger: f})
	return r
}

// figure returns the value of a metric of consumer c.
func figure(t *testing.T, f *fixture, name string) float64 {
	t.Helper()
	all, err := registry(f).Gather()
	require.NoError(t, err)
	for _, m := range all {
		if m.GetName() == name {
			return m.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}
