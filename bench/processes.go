package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/workflows"
)

// With -postgres everything is a process of its own: Postgres, Temporal, for each side
// two workers, and this one, which is the server and the people.

// workersEach is how many processes work for each side.
const workersEach = 2

// startProcesses is startTemporal with Postgres.
func startProcesses(ctx context.Context, o options, names ...string) (w *installation, err error) {
	dir, modules := o.dir, ""
	if o.statements != "" {
		modules = statementsModule
	}
	profile := func(name string) string {
		if o.profile == "" {
			return ""
		}
		return o.profile + "." + name
	}
	w = &installation{gently: o.profile != ""}
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	if w.postgres, err = startPostgres(ctx, dir, modules); err != nil {
		return w, err
	}
	t := task{what: "temporal", dir: dir, postgres: w.postgres.addr, profile: profile("temporal")}
	said, cmd, err := begin[listening](ctx, t)
	if err != nil {
		return w, err
	}
	w.processes, w.addr = append(w.processes, cmd), said.Addr
	if w.askers, err = dial(ctx, w.addr); err != nil {
		return w, err
	}
	for _, name := range names {
		place := place{dir: dir, ledger: w.postgres.address(ledgerDatabase)}
		var s side
		if name == rampSide {
			s, err = newRamp(ctx, place, w.askers)
		} else {
			s = newBare(name, w.askers)
		}
		if err != nil {
			return w, err
		}
		w.sides = append(w.sides, s)
		for n := range workersEach {
			cmd, err := startWorker(ctx, task{what: "work", side: name, dir: dir, postgres: w.postgres.addr, temporal: w.addr,
				profile: profile(fmt.Sprint(name, n))}, s.seen())
			if err != nil {
				return w, err
			}
			w.processes = append(w.processes, cmd)
		}
	}
	return w, nil
}

// listening is what a process with Temporal says.
type listening struct{ Addr string }

// serveTemporal is a process with Temporal alone.
func serveTemporal(ctx context.Context, t task) error {
	engine, err := temporalserver.Start(ctx, temporalserver.Config{Dir: filepath.Join(t.dir, "temporal"), Addr: "127.0.0.1:0",
		SearchAttributes: workflows.SearchAttributes(), Postgres: (&postgres{addr: t.postgres, user: "ramp"}).temporal()})
	if err != nil {
		return err
	}
	return sayAndWait(ctx, listening{engine.Addr}, nil)
}

// work is a process with the workers of one side. It says what happens, line by line.
func work(ctx context.Context, t task) error {
	temporal, err := dial(ctx, t.temporal)
	if err != nil {
		return err
	}
	defer temporal.Close()
	p := &postgres{addr: t.postgres, user: "ramp"}
	var s interface {
		side
		work(context.Context, client.Client) error
	}
	if t.side == rampSide {
		s, err = newRamp(ctx, place{dir: t.dir, ledger: p.address(ledgerDatabase)}, temporal)
	} else {
		s = newBare(t.side, temporal)
	}
	if err != nil {
		return err
	}
	defer s.stop()
	out := json.NewEncoder(os.Stdout)
	s.seen().tell = func(e effect) { _ = out.Encode(e) } // an error here means that the reader has ended
	if err := s.work(ctx, temporal); err != nil {
		return err
	}
	return sayAndWait(ctx, effect{}, nil)
}

// startWorker starts a process with workers, and notes what it says.
func startWorker(ctx context.Context, t task, into *effects) (*exec.Cmd, error) {
	cmd, out, err := t.start(ctx)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return nil, fmt.Errorf("%s %s: %w", t.side, t.what, errors.Join(lines.Err(), cmd.Wait()))
	}
	go func() {
		for lines.Scan() {
			var e effect
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				into.note(e)
			}
		}
	}()
	return cmd, nil
}
