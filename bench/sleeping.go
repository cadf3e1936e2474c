package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"
)

// slept is what a process with sleepers uses.
type slept struct {
	Memory float64 // bytes in use after collection
	CPU    float64 // percent of one CPU
}

// watched is how long idle CPU is watched: two looks of the reconciler fit in.
const watched = time.Minute

// sleepers opens n for hours, waits until the last is open, lets everything settle, and looks.
func sleepers(ctx context.Context, s side, n int, profile string) (slept, error) {
	approved, err := openMany(ctx, s, n, fixed(12*time.Hour))
	if err != nil {
		return slept{}, err
	}
	// What people ask comes first, so thousands may still be about to open: a process
	// that opens them does not sleep.
	if err := awaitWithin(ctx, time.Hour, time.Second, s.name()+": until all are open", func() (bool, error) {
		return len(s.seen().neverOpened(approved)) == 0, nil
	}); err != nil {
		return slept{}, err
	}
	return settle(ctx, profile)
}

// settle lets everything come to rest, and looks at this process for as long as it is
// watched; profile, if it is named, takes the profile of that time.
func settle(ctx context.Context, profile string) (slept, error) {
	if err := pause(ctx, 5*time.Second); err != nil {
		return slept{}, err
	}
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	stop, err := startProfile(profile)
	if err != nil {
		return slept{}, err
	}
	defer stop()
	cpu := cpuTime()
	err = pause(ctx, watched)
	return slept{Memory: float64(m.HeapAlloc + m.StackInuse), CPU: 100 * (cpuTime() - cpu).Seconds() / watched.Seconds()}, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// few is how many sleepers there are in the process that is subtracted.
const few = 20

// measureSleeping compares a process that has many sleepers with one that has
// few, of the same side. One round: nothing of it depends on speed.
func measureSleeping(ctx context.Context, b *bench) error {
	n := b.size(1000, 10000)
	memory, disk, ledger, cpu := figures{}, figures{}, figures{}, figures{}
	for _, s := range b.two() {
		var used [2]slept
		var temporal, own [2]float64
		for i, count := range []int{few, few + n} {
			dir := filepath.Join(b.dir, fmt.Sprintf("sleeping-%s-%d", s.name(), count))
			var err error
			if used[i], err = call[slept](ctx, task{what: "sleep", side: s.name(), dir: dir, n: count}); err != nil {
				return err
			}
			// The process has ended, so that everything is in its file.
			temporal[i], own[i] = size(filepath.Join(dir, "temporal")), size(filepath.Join(dir, "ledger.db"))
			os.RemoveAll(dir)
		}
		each := func(v [2]float64) float64 { return (v[1] - v[0]) / float64(n) / 1024 }
		memory[s.name()] = each([2]float64{used[0].Memory, used[1].Memory})
		disk[s.name()], ledger[s.name()], cpu[s.name()] = each(temporal), each(own), used[1].CPU
	}
	b.table.add(fmt.Sprintf("each of %d sleeping: memory", n), "KiB", memory)
	b.table.add(fmt.Sprintf("each of %d sleeping: Temporal's database", n), "KiB", disk)
	b.table.add(fmt.Sprintf("each of %d sleeping: ledger", n), "KiB", ledger)
	b.table.add(fmt.Sprintf("%d sleeping: CPU of the process", n), "%", cpu)
	return nil
}

// size is the bytes of a file or of everything under a directory.
func size(path string) float64 {
	var sum int64
	_ = filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if info, err := e.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil // what is not there has no bytes
	})
	return float64(sum)
}
