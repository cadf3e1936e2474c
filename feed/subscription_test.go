package feed_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
)

// collect reads from a subscription until an event, and returns the numbers.
func collect(t *testing.T, s *feed.Subscription, until int64) (out []int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for s.After() < until {
		list, err := s.Next(ctx)
		require.NoError(t, err)
		for _, e := range list {
			out = append(out, e.Seq)
		}
	}
	return out
}

func TestASubscriptionFollowsFromANumber(t *testing.T) {
	f := newFixture(t)
	f.append(10) // before the feed runs: they are not in memory
	r := f.running(f.Ledger, fast)
	early, late := r.Subscribe(2), r.Subscribe(10)
	require.Equal(t, numbers(3, 10), collect(t, early, 10))
	f.append(4)
	require.Equal(t, numbers(11, 14), collect(t, early, 14))
	require.Equal(t, numbers(11, 14), collect(t, late, 14))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := late.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestASlowSubscriberHoldsNobodyUp: it is told to come again from its last event,
// and misses none.
func TestASlowSubscriberHoldsNobodyUp(t *testing.T) {
	f := newFixture(t)
	o := fast
	o.Recent = 5
	r := f.running(f.Ledger, o)
	slow, quick := r.Subscribe(0), r.Subscribe(0)
	f.append(1)
	got := collect(t, slow, 1)
	collect(t, quick, 1)
	for n := int64(2); n <= 20; n++ {
		f.append(1)
		require.Equal(t, []int64{n}, collect(t, quick, n))
	}
	_, err := slow.Next(t.Context())
	require.ErrorIs(t, err, feed.ErrBehind)
	require.EqualValues(t, 1, slow.After())
	got = append(got, collect(t, r.Subscribe(slow.After()), 20)...)
	require.Equal(t, numbers(1, 20), got)
}

// TestPagesStayLiveBehindAGap: who subscribes behind it is served; who needs what
// is missing is told.
func TestPagesStayLiveBehindAGap(t *testing.T) {
	f := newFixture(t)
	l := &switchable{Log: f.open()}
	r := feed.New(l, f.logger, fast)
	f.background(r.Run)
	live := r.Subscribe(0)
	f.append(1)
	collect(t, live, 1)
	l.fail.Store(true)
	f.eventually("the outage is told", func() bool {
		_, err := live.Next(t.Context())
		return access.CodeOf(err) == access.CodeUnavailable
	})
	f.append(5)
	f.remove(4)
	l.fail.Store(false)
	f.eventually("the gap is logged", func() bool {
		for _, e := range f.logged.AllEntries() {
			if e.Message == "the log has a gap: events were removed from the database" {
				return true
			}
		}
		return false
	})
	_, err := live.Next(t.Context())
	require.ErrorIs(t, err, feed.ErrBehind)
	again := r.Subscribe(live.After())
	for err = nil; err == nil; {
		_, err = again.Next(t.Context())
	}
	require.True(t, feed.IsGap(err), "%v", err)
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	require.EqualValues(t, 3, again.After())
	f.append(1)
	require.Equal(t, []int64{7}, collect(t, r.Subscribe(6), 7))

	gap, err := again.SkipGap(t.Context())
	require.NoError(t, err)
	require.Equal(t, feed.Gap{From: 4, To: 4}, gap)
	require.Equal(t, numbers(5, 7), collect(t, again, 7), "one who only shows what happens goes on behind it")
	gap, err = again.SkipGap(t.Context())
	require.NoError(t, err)
	require.Zero(t, gap, "nothing is missing")
	f.remove(7)
	end := r.Subscribe(6)
	gap, err = end.SkipGap(t.Context())
	require.NoError(t, err)
	require.Equal(t, feed.Gap{From: 7, To: 7}, gap, "at the end of the log")
	require.EqualValues(t, 7, end.After())
}

// TestOneReaderForEachProcess: a hundred streams cost no query more than one.
func TestOneReaderForEachProcess(t *testing.T) {
	f := newFixture(t)
	count := func(subscribers int) int64 {
		l := &switchable{Log: f.open()}
		o := fast
		o.Poll, o.Batch = time.Hour, 1000
		r := feed.New(l, f.logger, o)
		f.background(r.Run)
		last, err := f.LastSeq(t.Context())
		require.NoError(t, err)
		f.eventually("it has begun", func() bool { return l.asked.Load() > 0 })
		done := make(chan struct{})
		for range subscribers {
			go func() {
				defer func() { done <- struct{}{} }()
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				for s := r.Subscribe(last); s.After() < last+3; {
					if _, err := s.Next(ctx); err != nil {
						t.Errorf("read: %v", err)
						return
					}
				}
			}()
		}
		for range 3 {
			require.NoError(t, l.Log.(*ledger.Ledger).AppendEvent(t.Context(), access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: "dave"}))
		}
		for range subscribers {
			<-done
		}
		return l.asked.Load()
	}
	require.LessOrEqual(t, count(100), int64(10), "the log is asked once at the start, and twice for each event at most")
}

var errDown = access.Errorf(access.CodeUnavailable, "ledger: %w", errors.New("down"))
