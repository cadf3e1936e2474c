package reconcile

import (
	"context"
	"sync"

	"ramp.dev/ramp/access"
)

// Survey is what one sweep over several targets, and the requests, came to.
type Survey struct {
	Targets  []Report          `json:"targets"`
	Requests *Report           `json:"requests,omitempty"`
	Unseen   map[string]string `json:"unseen,omitempty"` // what could not be looked at, and why
}

// Left is how much was not put right, counting what could not be seen.
func (s Survey) Left() int {
	n := len(s.Unseen)
	for _, f := range s.Findings() {
		if !f.Done {
			n++
		}
	}
	return n
}

// Findings are all of them.
func (s Survey) Findings() (all []Finding) {
	for _, r := range s.Targets {
		all = append(all, r.Findings...)
	}
	if s.Requests != nil {
		all = append(all, s.Requests.Findings...)
	}
	return all
}

// Sweep looks at targets, all at once, then at the requests. A target that is
// down holds up no other.
func (r *Reconciler) Sweep(ctx context.Context, targets []string) Survey {
	s := Survey{Targets: make([]Report, len(targets)), Unseen: map[string]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, target := range targets {
		wg.Go(func() {
			report, err := r.Target(ctx, target)
			mu.Lock()
			defer mu.Unlock()
			if s.Targets[i] = report; err != nil {
				s.Unseen[target] = access.Clip(err.Error(), 300)
			}
		})
	}
	wg.Wait()
	report, err := r.Requests(ctx)
	if err != nil {
		s.Unseen["requests"] = access.Clip(err.Error(), 300)
	} else {
		s.Requests = &report
	}
	return s
}
