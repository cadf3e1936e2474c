// Command histories plays every scenario of a request on the embedded Temporal and
// writes the histories down, for the replay test of package workflows:
//
//	go run ./tools/histories
//
// It writes those of the version that is not released yet: unreleased, in first-shape
// and lean-shape the same courses of requests that began in earlier shapes of the
// workflow, in naming-shape those with several grants in the shape before today's, and in
// sealed some of each with payload keys.
// When a version is released, its folders are renamed to the version and never written
// again.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/workflows"
)

func main() {
	dir := flag.String("dir", filepath.Join("workflows", "testdata", "histories"), "where the histories are kept")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := record(ctx, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "histories:", err)
		os.Exit(1)
	}
}

// sealedKey is the payload key of the histories in sealed: no secret.
var sealedKey = codec.Key{7}

// record plays all scenarios and only then replaces what was recorded before: a
// run that fails changes nothing.
func record(ctx context.Context, dir string) error {
	recorded, err := playAll(ctx, inEveryShape(scenarios()))
	if err != nil {
		return err
	}
	sealed, err := playAll(ctx, inEveryShape(sealable(scenarios())), sealedKey)
	if err != nil {
		return err
	}
	for name, runs := range sealed {
		recorded[name+sealedSuffix] = runs
	}
	return write(dir, recorded)
}

// playAll plays scenarios on a Temporal of their own, and returns the histories by
// scenario. With no key the standing job's are among them.
func playAll(ctx context.Context, all []scenario, keys ...codec.Key) (map[string][][]byte, error) {
	scratch, err := os.MkdirTemp("", "ramp-histories-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	e, err := start(ctx, scratch, all, keys...)
	if err != nil {
		return nil, err
	}
	defer e.stop()
	recorded := map[string][][]byte{}
	var mu sync.Mutex
	keep := func(name, id string) error {
		runs, err := e.runs(ctx, id)
		mu.Lock()
		defer mu.Unlock()
		recorded[name] = runs
		return err
	}
	g, playing := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, s := range all {
		g.Go(func() error {
			res, err := e.play(playing, s)
			if err == nil && res != s.want {
				err = fmt.Errorf("it ended as %v, not %v", res, s.want)
			}
			if err == nil {
				err = keep(s.name, workflows.AccessWorkflowID(access.RequestIDFor("histories", s.name)))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Println("recorded", s.name)
			return nil
		})
	}
	if err := g.Wait(); err != nil || len(keys) > 0 {
		return recorded, err
	}
	if err := e.keepAtWork(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", standingJob, err)
	}
	if err := keep(standingJob, standingJob); err != nil {
		return nil, err
	}
	recorded[standingJob] = recorded[standingJob][:1] // the others go on
	return recorded, nil
}

// folderOf returns the folder of a scenario's histories, and the name that they have
// there.
func folderOf(scenario string) (folder, name string) {
	if plain, ok := strings.CutSuffix(scenario, sealedSuffix); ok {
		return "sealed", plain
	}
	for _, e := range append(slices.Clip(earlierShapes), earlier{folder: namingFolder}) {
		if plain, ok := strings.CutSuffix(scenario, e.suffix()); ok {
			return e.folder, plain
		}
	}
	return "unreleased", scenario
}

// write replaces the folders of the unreleased version and of those that must
// fail.
func write(dir string, recorded map[string][][]byte) error {
	files := map[string][]byte{}
	for base, runs := range recorded {
		for n, run := range runs {
			folder, name := folderOf(base)
			if len(runs) > 1 {
				name = fmt.Sprintf("%s-%d", name, n+1)
			}
			files[filepath.Join(folder, name+".json")] = run
			if folder != "unreleased" {
				continue
			}
			if bad := corrupt(name, run); bad != nil {
				files[filepath.Join("bad", name+".json")] = bad
			}
		}
	}
	written := []string{"unreleased", "sealed", "bad", namingFolder}
	for _, e := range earlierShapes {
		written = append(written, e.folder)
	}
	for _, folder := range written {
		if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil { // #nosec G301 -- histories are committed
			return err
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil { // #nosec G306 -- histories are committed
			return err
		}
	}
	return nil
}
