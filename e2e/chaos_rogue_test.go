package e2e

import (
	"context"
	"slices"
	"sync"
	"time"

	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/tools/opponents"
	"ramp.dev/ramp/workflows"
)

// rogue is when a worker that nobody deployed answered in the place of Ramp's.
type rogue struct {
	mu   sync.Mutex
	when []window
	told map[string]int // activity to how often
}

func (r *rogue) heard(from, to time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.when, func(w window) bool { return from.Before(w.to) && to.After(w.from) })
}

// rogueWorker polls the queues of every target for some seconds and says that all
// is done that it was asked to do.
func (w *chaosInstallation) rogueWorker(long func() time.Duration) func() fault {
	lies := map[string]opponents.Lie{api.OpenGrant: opponents.Says(doc{"endingBound": time.Minute}), api.ExtendGrant: opponents.Says(nil),
		api.CloseGrant: opponents.Says(nil), api.ReconcileTarget: opponents.Keeps,
		api.MintCredential: opponents.Says(doc{"suite": "X25519-HKDF-SHA256-AES256GCM", "box": "bm90aGluZw=="}),
		api.ResolveScopes:  func(ctx context.Context, in []byte) (any, error) { return harmless(ctx, in) }}
	return func() fault {
		var workers []*opponents.Worker
		var since time.Time
		return fault{lasts: long(), begin: func() bool {
			since = time.Now()
			for _, target := range []string{"ssh/demo", "vault/chaos", "aws/chaos", "postgres/chaos", "kubernetes/chaos", "ssh/chaos"} {
				for _, queue := range []string{workflows.TargetQueue(target), workflows.CloseQueue(target)} {
					if x, err := opponents.StartWorker(w.temporal, queue, lies); err == nil {
						workers = append(workers, x)
					}
				}
			}
			return len(workers) > 0
		}, end: func() {
			w.rogue.mu.Lock()
			defer w.rogue.mu.Unlock()
			var stopping sync.WaitGroup
			for _, x := range workers { // each may take ten seconds while Temporal is down
				stopping.Go(x.Stop)
			}
			stopping.Wait()
			for _, x := range workers {
				for activity := range lies {
					w.rogue.told[activity] += x.Told(activity)
				}
			}
			w.rogue.when = append(w.rogue.when, window{since, time.Now()})
			workers = nil
		}}
	}
}
