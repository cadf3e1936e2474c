package reconcile

import (
	"context"
	"sync"

	"ramp.dev/ramp/access"
)

// SweepReport is the result of one sweep over several targets and the requests.
type SweepReport struct {
	Targets     []Report          `json:"targets"`
	Requests    *Report           `json:"requests,omitempty"`
	Unreachable map[string]string `json:"unreachable,omitempty"` // targets, or "requests": why they, or a part of them, could not be compared
}

// Unresolved returns how many findings were not put right, and how many targets
// could not be reached.
func (s SweepReport) Unresolved() int {
	n := len(s.Unreachable)
	for _, f := range s.Findings() {
		if !f.Done {
			n++
		}
	}
	return n
}

// Findings returns the findings of all reports.
func (s SweepReport) Findings() (all []Finding) {
	for _, r := range s.Targets {
		all = append(all, r.Findings...)
	}
	if s.Requests != nil {
		all = append(all, s.Requests.Findings...)
	}
	return all
}

// Sweep reconciles targets, all at once, then the requests. A target that is down
// does not keep the others waiting.
func (r *Reconciler) Sweep(ctx context.Context, targets []string) SweepReport {
	s := SweepReport{Targets: make([]Report, len(targets)), Unreachable: map[string]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, target := range targets {
		wg.Go(func() {
			report, err := r.ReconcileTarget(ctx, target)
			mu.Lock()
			defer mu.Unlock()
			s.Targets[i] = report
			if err != nil {
				s.Unreachable[target] = access.Clip(err.Error(), 300)
			} else if report.Unlisted != "" {
				s.Unreachable[target] = report.Unlisted
			}
		})
	}
	wg.Wait()
	report, err := r.ReconcileRequests(ctx)
	if err != nil {
		s.Unreachable["requests"] = access.Clip(err.Error(), 300)
	} else {
		s.Requests = &report
	}
	return s
}
