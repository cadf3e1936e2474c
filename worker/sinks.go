package worker

import (
	"context"
	"maps"
	"slices"
	"sync"

	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/feed/webhooks"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/workflows"
)

// sinksID is the id of the standing job that streams events.
const sinksID = "ramp-sinks"

// watchSinks looks whether sinks and webhooks are behind. Every worker with control does.
func (s *serving) watchSinks() {
	var watched []sinks.Watched
	for _, name := range slices.Sorted(maps.Keys(s.config.Sinks)) {
		watched = append(watched, s.config.Sinks[name].Watched(name))
	}
	for _, name := range slices.Sorted(maps.Keys(s.config.Webhooks)) {
		watched = append(watched, sinks.Watched{Name: webhooks.CursorName(name), Cursor: webhooks.CursorName(name)})
	}
	if len(watched) == 0 {
		return
	}
	watch := sinks.Watch{Sinks: watched, Since: clock.Now(), Ledger: s.deps.Ledger, Log: s.deps.Log, Now: clock.Now}
	s.metrics.registry.MustRegister(watch)
	s.beside(watch.Run)
}

// sinkJobs returns the standing job that streams events into sinks, one process at a time.
func (s *serving) sinkJobs() (jobs, error) {
	configured, d := s.config.Sinks, s.deps
	if len(configured) == 0 {
		return jobs{}, nil
	}
	for _, name := range slices.Sorted(maps.Keys(configured)) { // what cannot be opened is said at the start
		if _, err := sinks.New(name, configured[name], d.Ledger, d.Keyring); err != nil {
			return jobs{}, err
		}
	}
	return jobs{standing: []StandingJob{{ID: sinksID, Activity: api.StreamEvents, Queue: workflows.ControlQueue,
		Summary: "sinks: stream events into other systems", AtStart: true,
		Work: func(ctx context.Context, report func(string)) error {
			// Each run has consumers of its own: a sink is used by one goroutine.
			var consumers []*sinks.Consumer
			for _, name := range slices.Sorted(maps.Keys(configured)) {
				c, err := sinks.New(name, configured[name], d.Ledger, d.Keyring)
				if err != nil {
					return err
				}
				consumers = append(consumers, c)
			}
			var streaming sync.WaitGroup
			for _, c := range consumers {
				streaming.Go(func() { s.events.Consume(ctx, d.Ledger, c, c.From()) })
			}
			report("streaming; `ramp sinks status` says how far")
			streaming.Wait()
			return nil
		}}}}, nil
}
