package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	CPU      float64 // seconds
	Memory   float64 // megabytes that the process had at most
	Before   float64 // megabytes that it had before it began: the bench has Temporal in it
	Requests int     // of the four weeks
	Findings int
	// Proposals is how many changes of contracts were tried on the requests.
	Proposals int
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
	files, set, err := contractFiles(y.Contracts)
	if err != nil {
		return out, err
	}
	if out.Before, err = peakMemory(); err != nil {
		return out, err
	}
	stop, err := startProfile(t.profile)
	if err != nil {
		return out, err
	}
	defer stop()
	began, cpu := time.Now(), cpuTime()
	period := review.Period{From: y.To.AddDate(0, 0, -28), To: y.To}
	reader := record.Reader{Ledger: l, Keys: evidence.NewKeyring(signer.Public()), TeamAttribute: "team",
		Checkpoint: func(ctx context.Context) (evidence.Checkpoint, error) {
			tree, err := l.Tree(ctx)
			return evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, err
		}}
	report, _, err := reader.Report(ctx, record.Input{Period: period, Thresholds: review.DefaultThresholds(), Contracts: set, Files: files, Now: time.Now()})
	if err != nil {
		return out, err
	}
	if i := slices.IndexFunc(report.Unknown, func(s string) bool { return strings.Contains(s, "Ramp signed") || strings.Contains(s, "no longer has") }); i >= 0 {
		return out, fmt.Errorf("the review could not read all: %s", report.Unknown[i])
	}
	out.Took, out.CPU = time.Since(began).Seconds(), (cpuTime() - cpu).Seconds()
	for _, f := range report.Findings {
		if f.Proposal != nil && f.Proposal.Tried > 0 {
			out.Proposals++
		}
	}
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
