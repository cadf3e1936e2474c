package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// filled says that all are open, and when the last of them expires.
type filled struct{ Expires time.Time }

// fill opens n that all expire at once, a little later.
func fill(ctx context.Context, s side, n int, pace time.Duration) (filled, error) {
	approved, err := openMany(ctx, s, n, endingAt(n, 0, pace))
	if err != nil {
		return filled{}, err
	}
	for id := range approved {
		if err := awaitOpen(ctx, s, id); err != nil {
			return filled{}, err
		}
	}
	return filled{s.seen().lastExpiry()}, nil
}

// drained is how long it took from the start of the process: to the first and the last
// access that was gone from the target, and to the last request that was recorded as ended.
type drained struct{ First, Last, Recorded time.Duration }

// drain waits until n have ended in a process that has just started.
func drain(ctx context.Context, s side, n int, began time.Time) (drained, error) {
	if err := awaitEnded(ctx, s, n); err != nil {
		return drained{}, err
	}
	gone := s.seen().since(began)
	if len(gone) < n {
		return drained{}, fmt.Errorf("%s: %d of %d were seen to go", s.name(), len(gone), n)
	}
	return drained{First: slices.Min(gone), Last: slices.Max(gone), Recorded: time.Since(began)}, nil
}

// measureRecovery kills everything while access is open, lets all of it expire,
// and starts again: how long until the last overdue access is gone.
func measureRecovery(ctx context.Context, b *bench) error {
	n := b.size(200, 1000)
	rounds := *b
	rounds.rounds = b.size(1, b.rounds)
	got := map[string]drained{}
	round := 0
	return rounds.turns(b.two(), func(s side) (err error) {
		round++
		got[s.name()], err = recovery(ctx, task{side: s.name(), dir: filepath.Join(b.dir, fmt.Sprintf("recovery-%d", round)), n: n, pace: b.pace})
		return err
	}, func() {
		name := fmt.Sprintf("%d expired while all was down, after the start", n)
		first, last, recorded := figures{}, figures{}, figures{}
		for side, d := range got {
			first[side], last[side], recorded[side] = d.First.Seconds(), d.Last.Seconds(), d.Recorded.Seconds()
		}
		b.table.add(name+": first gone", "s", first)
		b.table.add(name+": last gone", "s", last)
		b.table.add(name+": last recorded", "s", recorded)
	})
}

func recovery(ctx context.Context, t task) (drained, error) {
	defer os.RemoveAll(t.dir)
	t.what = "fill"
	open, cmd, err := begin[filled](ctx, t)
	if err != nil {
		return drained{}, err
	}
	if !time.Now().Before(open.Expires) {
		return drained{}, fmt.Errorf("%d could not be opened before the first expired; is the machine overloaded?", t.n)
	}
	if err := cmd.Process.Kill(); err != nil {
		return drained{}, err
	}
	_ = cmd.Wait() // it was killed
	select {
	case <-ctx.Done():
		return drained{}, ctx.Err()
	case <-time.After(time.Until(open.Expires) + 2*time.Second):
	}
	t.what = "drain"
	return call[drained](ctx, t)
}
