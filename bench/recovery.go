package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

// drained is how long it took from the start of the process.
type drained struct{ Ready, First, Last time.Duration }

// drain waits until n have ended in a process that has just started.
func drain(ctx context.Context, s side, n int, began time.Time) (drained, error) {
	d := drained{Ready: time.Since(began)}
	if err := awaitEnded(ctx, s, 1); err != nil {
		return d, err
	}
	d.First = time.Since(began)
	err := awaitEnded(ctx, s, n)
	d.Last = time.Since(began)
	return d, err
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
		first, last := figures{}, figures{}
		for side, d := range got {
			first[side], last[side] = d.First.Seconds(), d.Last.Seconds()
		}
		b.table.add(name+": first gone", "s", first)
		b.table.add(name+": last gone", "s", last)
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
