package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/record"
	"ramp.dev/ramp/tools/year/company"
)

// reviewed is how a process of its own reviewed the last four weeks of a year.
type reviewed struct {
	Took     float64 // seconds, from an open ledger to the report
	Memory   float64 // megabytes that the process had at most
	Requests int     // of the four weeks
	Findings int
}

// reviewRecord reviews what measureRecord has recorded in a directory, as a server does: the
// log is verified from where the history begins.
func reviewRecord(ctx context.Context, t task) (out reviewed, err error) {
	signer, err := evidence.LoadOrCreateSigner(filepath.Join(t.dir, serverKey))
	if err != nil {
		return out, err
	}
	l, err := ledger.Open(ctx, recordIn(t.dir))
	if err != nil {
		return out, err
	}
	defer l.Close()
	y, err := company.Make(1, 0) // the company is the same however busy its year is
	if err != nil {
		return out, err
	}
	stop, err := startProfile(t.profile)
	if err != nil {
		return out, err
	}
	defer stop()
	began := time.Now()
	period := review.Period{From: y.To.AddDate(0, 0, -28), To: y.To}
	m := review.New(y.Contracts, period, review.DefaultThresholds())
	reader := record.Reader{Ledger: l, Keys: evidence.NewKeyring(signer.Public()), TeamAttribute: "team",
		Checkpoint: func(ctx context.Context) (evidence.Checkpoint, error) {
			tree, err := l.Tree(ctx)
			return evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, err
		}}
	_, problems, err := reader.Read(ctx, m, period)
	if err != nil {
		return out, err
	}
	if len(problems) > 0 {
		return out, fmt.Errorf("the review could not read all: %v", problems)
	}
	report := m.Report()
	out.Took = time.Since(began).Seconds()
	out.Requests, out.Findings = report.Figures.Requests, len(report.Findings)
	out.Memory, err = peakMemory()
	return out, err
}

// peakMemory returns how many megabytes this process had in memory at most.
func peakMemory() (megabytes float64, err error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), "\nVmHWM:")
	var kib float64
	if _, err := fmt.Sscanf(rest, "%f kB", &kib); err != nil {
		return 0, fmt.Errorf("/proc/self/status: VmHWM: %w", err)
	}
	return kib * 1024 / 1e6, nil
}
