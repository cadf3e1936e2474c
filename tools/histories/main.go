// Command histories plays every story of a request on the embedded Temporal and
// writes the histories down, for the replay test of package workflows:
//
//	go run ./tools/histories
//
// It writes those of the version that is not released yet. When a version is
// released, its folder is renamed to the version and never written again.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
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

// record plays all stories and only then replaces what was recorded before: a
// run that fails changes nothing.
func record(ctx context.Context, dir string) error {
	scratch, err := os.MkdirTemp("", "ramp-histories-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	all := stories()
	w, err := begin(ctx, scratch, all)
	if err != nil {
		return err
	}
	defer w.end()
	recorded := make([][][]byte, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i, s := range all {
		g.Go(func() error {
			res, err := w.tell(ctx, s)
			if err == nil && res != s.want {
				err = fmt.Errorf("it ended as %v, not %v", res, s.want)
			}
			if err == nil {
				recorded[i], err = w.runs(ctx, s)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Println("recorded", s.name)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return write(dir, all, recorded)
}

// write replaces the folders of the unreleased version and of those that must
// fail.
func write(dir string, all []story, recorded [][][]byte) error {
	files := map[string][]byte{}
	for i, s := range all {
		for n, run := range recorded[i] {
			name := s.name
			if len(recorded[i]) > 1 {
				name = fmt.Sprintf("%s-%d", s.name, n+1)
			}
			files[filepath.Join("unreleased", name+".json")] = run
			if bad := spoil(name, run); bad != nil {
				files[filepath.Join("bad", name+".json")] = bad
			}
		}
	}
	for _, folder := range []string{"unreleased", "bad"} {
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
