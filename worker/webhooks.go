package worker

import (
	"context"
	"maps"
	"slices"
	"sync"

	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/feed/webhooks"
	"ramp.dev/ramp/workflows"
)

// webhooksID is the id of the standing job that delivers webhooks.
const webhooksID = "ramp-webhooks"

// webhookJobs returns the standing job that tells other programs of events, one process at
// a time.
func webhookJobs(configured map[string]webhooks.Config, f *feed.Feed, d Deps) (jobs, error) {
	if len(configured) == 0 {
		return jobs{}, nil
	}
	var hooks []*webhooks.Hook
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		h, err := webhooks.Open(name, configured[name], d.Ledger)
		if err != nil {
			return jobs{}, err
		}
		hooks = append(hooks, h)
	}
	return jobs{standing: []StandingJob{{ID: webhooksID, Activity: api.DeliverWebhooks, Queue: workflows.ControlQueue,
		Summary: "webhooks: tell other programs of events", AtStart: true,
		Work: func(ctx context.Context, report func(string)) error {
			var delivering sync.WaitGroup
			for _, h := range hooks {
				delivering.Go(func() { f.Consume(ctx, d.Ledger, h, feed.FromNow) })
			}
			report("delivering; `ramp feed status` says how far")
			delivering.Wait()
			return nil
		}}}}, nil
}
