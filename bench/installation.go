package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/workflows"
)

// side is one of the two that are compared.
type side interface {
	name() string
	// ask starts one lifecycle; access lasts for d once it is approved.
	ask(ctx context.Context, d time.Duration) (id string, err error)
	approve(ctx context.Context, id string) error
	seen() *effects
	// why says what became of one that never opened.
	why(ctx context.Context, id string) string
	// ended is how many have ended since the start.
	ended(ctx context.Context) (int, error)
	stop()
}

// installation is one Temporal with the sides on it. Askers and workers have a
// connection each, as server and worker have.
type installation struct {
	addr            string                 // of Temporal
	engine          *temporalserver.Server // nil: in a process of its own
	postgres        *postgres              // nil: SQLite
	processes       []*exec.Cmd
	gently          bool // processes are asked to end, so that they write their profiles
	askers, workers client.Client
	sides           []side // in the order in which they were named
}

// startTemporal starts Temporal in dir and the sides named, or goes on where a
// killed one was.
func startTemporal(ctx context.Context, dir string, names ...string) (w *installation, err error) {
	w = &installation{}
	w.engine, err = temporalserver.Start(ctx, temporalserver.Config{Dir: filepath.Join(dir, "temporal"), Addr: "127.0.0.1:0",
		SearchAttributes: workflows.SearchAttributes()})
	if err != nil {
		return nil, err
	}
	w.addr = w.engine.Addr
	if w.askers, err = dial(ctx, w.addr); err != nil {
		return nil, err
	}
	if w.workers, err = dial(ctx, w.addr); err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == rampSide || name == crowdSide {
			askers := w.askers
			if name == crowdSide {
				askers = w.workers // Temporal hands a first task to a worker of the connection that starts the workflow
			}
			r, err := newRamp(ctx, place{dir, "sqlite:" + filepath.Join(dir, "ledger.db"), name == crowdSide}, askers)
			if err != nil {
				return nil, err
			}
			w.sides = append(w.sides, r)
			if err := r.work(ctx, w.workers); err != nil {
				return nil, err
			}
			continue
		}
		b := newBare(name, w.askers)
		w.sides = append(w.sides, b)
		if err := b.work(ctx, w.workers); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *installation) stop() {
	for _, s := range w.sides {
		s.stop()
	}
	for _, c := range []client.Client{w.askers, w.workers} {
		if c != nil {
			c.Close()
		}
	}
	// What was measured is on disk or in memory already.
	if w.engine != nil {
		_ = w.engine.Stop()
	}
	for _, p := range slices.Backward(w.processes) {
		if w.gently {
			_ = p.Process.Signal(syscall.SIGTERM)
		} else {
			_ = p.Process.Kill()
		}
		_ = p.Wait()
	}
	if w.postgres != nil {
		w.postgres.stop()
	}
}

// people is how many ask and approve at once.
const people = 32

// openMany asks for and approves n lifecycles, and returns when each was
// approved. length says how long access lasts, at the moment of asking.
func openMany(ctx context.Context, s side, n int, length func() time.Duration) (approved map[string]time.Time, err error) {
	ids := make([]string, n)
	at := make([]time.Time, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(people)
	for i := range n {
		g.Go(func() (err error) {
			if ids[i], err = s.ask(ctx, length()); err != nil {
				return fmt.Errorf("%s: ask: %w", s.name(), err)
			}
			at[i] = time.Now()
			if err := s.approve(ctx, ids[i]); err != nil {
				return fmt.Errorf("%s: approve: %w", s.name(), err)
			}
			return nil
		})
	}
	err = g.Wait()
	approved = map[string]time.Time{}
	for i, id := range ids {
		approved[id] = at[i]
	}
	return approved, err
}

// patience is how long anything is waited for before the measurement fails.
const patience = 5 * time.Minute

// await asks again and again until it is so, for as long as patience lasts; doing says
// what is waited for.
func await(ctx context.Context, every time.Duration, doing string, so func() (bool, error)) error {
	return awaitWithin(ctx, patience, every, doing, so)
}

func awaitWithin(ctx context.Context, patience, every time.Duration, doing string, so func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if ok, err := so(); err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", doing, ctx.Err())
		case <-tick.C:
		}
	}
}

// awaitEnded waits until total lifecycles have ended since the start.
func awaitEnded(ctx context.Context, s side, total int) error {
	// Asking is one side's query of the ledger, which nobody but the bench makes.
	return await(ctx, 100*time.Millisecond, fmt.Sprintf("%s: until %d have ended", s.name(), total), func() (bool, error) {
		n, err := s.ended(ctx)
		return n >= total, err
	})
}

// awaitOpen waits until one is open.
func awaitOpen(ctx context.Context, s side, id string) error {
	return await(ctx, 200*time.Microsecond, s.name()+": until "+id+" is open", func() (bool, error) { return s.seen().isOpen(id), nil })
}

func fixed(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
