package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/tools/year/company"
)

// recordName is the measurement of the record: it needs neither Temporal nor a floor.
const recordName = "record"

const (
	// eventsOfAYear is about how many events the requests of one made-up year leave.
	eventsOfAYear = 145_000
	recordedBy    = 32 // at the same time
	serverKey     = "server.key"
)

// measureRecord measures a ledger on SQLite: how fast events are appended, and, of one that
// holds the lives of a made-up year, how long it takes to verify the whole log, to search it
// and to review four weeks. A record that is in -dir from an earlier run is measured again,
// and nothing is added to it.
func measureRecord(ctx context.Context, b *bench) error {
	n := b.n
	if n == 0 {
		n = b.size(100_000, 1_000_000)
	}
	for round := range b.rounds {
		b.say("%s, round %d …", recordName, round+1)
		dir := filepath.Join(b.dir, fmt.Sprint("record-", round))
		if err := b.recordOnce(ctx, dir, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) recordOnce(ctx context.Context, dir string, n int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	l, err := ledger.Open(ctx, recordIn(dir))
	if err != nil {
		return err
	}
	defer l.Close()
	stop, err := startProfile(b.profile)
	if err != nil {
		return err
	}
	defer stop()
	size, err := l.LastSeq(ctx)
	if err != nil {
		return err
	}
	if size == 0 {
		if err := b.appendEvents(ctx, filepath.Join(dir, "appended.db"), 30_000); err != nil {
			return err
		}
		if err := b.fillRecord(ctx, l, dir, n); err != nil {
			return err
		}
	}
	size, err = l.LastSeq(ctx)
	if err != nil {
		return err
	}
	began, cpu := time.Now(), cpuTime()
	if err := verifyRecord(ctx, l); err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("%d events verified", size), "s", figures{rampSide: time.Since(began).Seconds()})
	b.table.add("CPU of that", "s", figures{rampSide: (cpuTime() - cpu).Seconds()})
	if err := b.searchRecord(ctx, l); err != nil {
		return err
	}
	profile := b.profile
	if profile != "" {
		profile += ".review"
	}
	said, err := call[reviewed](ctx, task{what: "review", side: rampSide, dir: dir, profile: profile})
	if err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("four weeks of %d events reviewed", size), "s", figures{rampSide: said.Took})
	b.table.add("CPU of that review", "s", figures{rampSide: said.CPU})
	b.table.add("requests of the four weeks", "", figures{rampSide: float64(said.Requests)})
	b.table.add("proposals that were tried on them", "", figures{rampSide: float64(said.Proposals)})
	b.table.add("memory of the process that reviews, at most", "MB", figures{rampSide: said.Memory})
	b.table.add("of that, before it began", "MB", figures{rampSide: said.Before})
	return nil
}

// recordIn is the address of the ledger in a directory.
func recordIn(dir string) string { return "sqlite:" + filepath.Join(dir, "ledger.db") }

// appendEvents appends n events of many writers, each of whom waits for its commit.
func (b *bench) appendEvents(ctx context.Context, path string, n int64) error {
	l, err := ledger.Open(ctx, "sqlite:"+path)
	if err != nil {
		return err
	}
	defer l.Close()
	began := time.Now()
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range recordedBy {
		group.Go(func() error {
			for i := next.Add(1); i <= n; i = next.Add(1) {
				e := access.Event{At: time.Now(), Kind: access.EventSessionStarted, Actor: fmt.Sprintf("person-%d", i%200), Detail: map[string]string{"via": string(access.ViaWeb), "address": "192.0.2.7"}}
				if err := l.AppendEvent(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	b.table.add("events appended, each its own write", "a second", figures{rampSide: float64(n) / time.Since(began).Seconds()})
	return nil
}

// fillRecord records a made-up year until the log has about n events.
func (b *bench) fillRecord(ctx context.Context, l *ledger.Ledger, dir string, n int) error {
	server, err := evidence.LoadOrCreateSigner(filepath.Join(dir, serverKey))
	if err != nil {
		return err
	}
	worker, err := evidence.LoadOrCreateSigner(filepath.Join(dir, "worker.key"))
	if err != nil {
		return err
	}
	y, err := company.Make(1, max(float64(n)/eventsOfAYear, 0.1))
	if err != nil {
		return err
	}
	before, err := l.LastSeq(ctx)
	if err != nil {
		return err
	}
	began, said := time.Now(), 0
	err = company.Recorder{Ledger: l, Server: server, Worker: worker, AtOnce: recordedBy, Progress: func(done, of int) {
		if tenth := 10 * done / of; tenth > said {
			said = tenth
			b.say("%d %% of the year are recorded", 10*tenth)
		}
	}}.Record(ctx, y.Requests)
	if err != nil {
		return err
	}
	after, err := l.LastSeq(ctx)
	b.table.add("events of whole requests recorded, signatures included", "a second", figures{rampSide: float64(after-before) / time.Since(began).Seconds()})
	return err
}

// leavesOf reads a ledger's log as a server serves it.
type leavesOf struct{ *ledger.Ledger }

// Leaves implements evidence.LogReader.
func (l leavesOf) Leaves(ctx context.Context, from, to int64) ([]evidence.LogLeaf, error) {
	list, err := l.Entries(ctx, from, to)
	out := make([]evidence.LogLeaf, 0, len(list))
	for _, e := range list {
		out = append(out, evidence.LogLeaf{Bytes: e.Event.Leaf()})
	}
	return out, err
}

func verifyRecord(ctx context.Context, l *ledger.Ledger) error {
	tree, err := l.Tree(ctx)
	if err != nil {
		return err
	}
	_, err = evidence.VerifyLog(ctx, evidence.NewKeyring(), evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, nil, leavesOf{l}, nil)
	return err
}
