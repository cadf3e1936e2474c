package feed_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
)

// TestACrashBeforeTheCursorIsRecorded: the events are handled again, since
// nobody knows that they were.
func TestACrashBeforeTheCursorIsRecorded(t *testing.T) {
	f := newFixture(t)
	f.append(5)
	r := f.running(f.Ledger, fast)
	c := &recorder{name: "c"}
	ctx, crash := context.WithCancel(t.Context())
	r.Consume(ctx, &crashing{Cursors: f, crash: crash}, c, feed.FromFirst)
	require.Equal(t, numbers(1, 3), c.numbers())
	require.Zero(t, f.cursor("c").Seq)
	f.background(func(ctx context.Context) { r.Consume(ctx, f, c, feed.FromFirst) })
	f.eventually("it goes on", func() bool { return f.cursor("c").Seq == 5 })
	require.Equal(t, append(numbers(1, 3), numbers(1, 5)...), c.numbers())
}

// crashing ends the process when a cursor is to be moved.
type crashing struct {
	feed.Cursors
	crash context.CancelFunc
}

func (c *crashing) MoveCursor(context.Context, string, int64, time.Time) (int64, error) {
	c.crash()
	return 0, context.Canceled
}

// TestTwoProcessesRunOneConsumer: nothing is lost, each of them keeps the order,
// and the cursor does not go back.
func TestTwoProcessesRunOneConsumer(t *testing.T) {
	f := newFixture(t)
	var mu sync.Mutex
	var moved []int64
	both := []*recorder{{name: "c"}, {name: "c"}}
	for i, c := range both {
		l := f.open()
		r := f.running(l, fast)
		slow := i == 0
		c.fail = func([]access.Event) error {
			if slow {
				time.Sleep(3 * time.Millisecond)
			}
			return nil
		}
		f.background(func(ctx context.Context) {
			r.Consume(ctx, &watched{Cursors: l, moved: func(seq int64) { mu.Lock(); moved = append(moved, seq); mu.Unlock() }}, c, feed.FromFirst)
		})
	}
	f.append(60)
	f.eventually("all is handled, and both know it", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return f.cursor("c").Seq == 60 && slices.Max(append(moved, 0)) == 60
	})
	for _, c := range both {
		require.True(t, slices.IsSorted(c.numbers()), "%v", c.numbers())
	}
	seen := slices.Compact(slices.Sorted(slices.Values(append(both[0].numbers(), both[1].numbers()...))))
	require.Equal(t, numbers(1, 60), seen)
	require.EqualValues(t, 60, f.cursor("c").Seq)
}

type watched struct {
	feed.Cursors
	moved func(int64)
}

func (w *watched) MoveCursor(ctx context.Context, name string, seq int64, at time.Time) (int64, error) {
	now, err := w.Cursors.MoveCursor(ctx, name, seq, at)
	if err == nil {
		w.moved(now)
	}
	return now, err
}

// TestAtLeastOnceInOrder: whatever fails or crashes, and wherever, no event is
// left out, and none is handled before all earlier ones were.
func TestAtLeastOnceInOrder(t *testing.T) {
	logger, _ := test.NewNullLogger()
	rapid.Check(t, func(t *rapid.T) {
		w := &memory{faults: rapid.SliceOfN(rapid.IntRange(0, 5), 0, 40).Draw(t, "faults")}
		total := int64(rapid.IntRange(1, 30).Draw(t, "events"))
		o := feed.Options{Poll: time.Millisecond, Rest: time.Microsecond, Record: time.Duration(rapid.IntRange(1, 2000).Draw(t, "record")) * time.Microsecond, Recent: 4, Batch: rapid.IntRange(1, 5).Draw(t, "batch"), RetryMin: time.Microsecond, RetryMax: time.Millisecond}
		w.size = total / 2
		deadline := time.Now().Add(patience)
		for w.cursor() < total { // each turn is a process, up to its crash
			if time.Now().After(deadline) {
				t.Fatalf("the cursor is at %d of %d", w.cursor(), total)
			}
			ctx, crash := context.WithCancel(context.Background())
			w.start(crash, total)
			r := feed.New(w, logger, o)
			var all sync.WaitGroup
			all.Go(func() { r.Run(ctx) })
			all.Go(func() { r.Consume(ctx, w, w, feed.FromFirst) })
			all.Wait()
		}
		high := int64(0)
		for _, process := range w.handled {
			for i, seq := range process {
				require.LessOrEqual(t, seq, high+1, "event %d was handled before event %d", seq, high+1)
				require.True(t, i == 0 || seq <= process[i-1]+1, "out of order, other than by beginning again: %v", process)
				high = max(high, seq)
			}
		}
		require.Equal(t, total, high)
	})
}

// memory is a log, its cursor and a consumer, of which each step may fail or
// crash, as faults says: 1 fails, 2 crashes before the step, 3 after it.
type memory struct {
	mu      sync.Mutex
	size    int64
	at      int64
	handled [][]int64 // by process
	faults  []int
	crash   context.CancelFunc
	total   int64
}

var errFault = errors.New("fault")

// start begins another process.
func (w *memory) start(crash context.CancelFunc, total int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crash, w.total, w.handled = crash, total, append(w.handled, nil)
}

func (w *memory) cursor() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

// step does one step of the process, or what happens instead.
func (w *memory) step(do func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	fault := 0
	if len(w.faults) > 0 {
		fault, w.faults = w.faults[0], w.faults[1:]
	}
	if fault == 1 {
		return errFault
	}
	if fault == 2 {
		w.crash()
		return context.Canceled
	}
	do()
	if fault == 3 {
		w.crash()
		return context.Canceled
	}
	return nil
}

func (w *memory) Name() string { return "memory" }

func (w *memory) Handle(_ context.Context, events []access.Event) error {
	return w.step(func() {
		last := &w.handled[len(w.handled)-1]
		for _, e := range events {
			*last = append(*last, e.Seq)
		}
	})
}

func (w *memory) LastSeq(context.Context) (size int64, err error) {
	err = w.step(func() { size = w.size; w.size = min(w.total, w.size+1) })
	return size, err
}

func (w *memory) Events(_ context.Context, f ledger.EventFilter) (out []access.Event, err error) {
	err = w.step(func() {
		for n := f.After + 1; n <= w.size && len(out) < f.Limit; n++ {
			out = append(out, access.Event{Seq: n})
		}
	})
	return out, err
}

func (w *memory) Appended() <-chan struct{} { return nil }

func (w *memory) OpenCursor(context.Context, string, int64, time.Time) (at int64, err error) {
	err = w.step(func() { at = w.at })
	return at, err
}

func (w *memory) MoveCursor(_ context.Context, _ string, seq int64, _ time.Time) (at int64, err error) {
	err = w.step(func() { w.at = max(w.at, seq); at = w.at })
	if w.cursor() == w.total {
		w.crash()
	}
	return at, err
}

func (w *memory) FailCursor(context.Context, string, int64, time.Time, string) error { return nil }
