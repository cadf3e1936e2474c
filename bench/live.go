package main

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"go.temporal.io/api/enums/v1"
)

// turns runs one round of each side, so many times, changing who begins, and
// calls after at the end of each.
func (b *bench) turns(round func(side) error, after func()) error {
	for n := range b.rounds {
		order := []side{b.installation.bare, b.installation.ramp}
		if n%2 == 1 {
			slices.Reverse(order)
		}
		for _, s := range order {
			if err := round(s); err != nil {
				return err
			}
		}
		after()
	}
	return nil
}

// lives runs n lifecycles to their end and returns when each was approved.
func lives(ctx context.Context, s side, n int, length func() time.Duration) (map[string]time.Time, error) {
	before, err := s.ended(ctx)
	if err != nil {
		return nil, err
	}
	approved, err := openMany(ctx, s, n, length)
	if err != nil {
		return nil, err
	}
	return approved, awaitEnded(ctx, s, before+n)
}

// warmUp runs some of each first, and learns how long opening one takes here
// and now.
func (b *bench) warmUp(ctx context.Context) error {
	const n = 50
	for _, s := range []side{b.installation.bare, b.installation.ramp} {
		began := time.Now()
		if _, err := lives(ctx, s, n, fixed(2*time.Second)); err != nil {
			return err
		}
		b.pace = max(b.pace, time.Since(began)/n)
	}
	return nil
}

// measureHistory counts what one request leaves in Temporal. It does not depend
// on the machine.
func measureHistory(ctx context.Context, b *bench) error {
	count := func(s side) (events, bytes float64, err error) {
		approved, err := lives(ctx, s, 1, fixed(2*time.Second))
		if err != nil {
			return 0, 0, err
		}
		for id := range approved {
			// The last event follows the last effect by a moment.
			if err := b.installation.askers.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil {
				return 0, 0, err
			}
			history := b.installation.askers.GetWorkflowHistory(ctx, id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for history.HasNext() {
				e, err := history.Next()
				if err != nil {
					return 0, 0, err
				}
				events, bytes = events+1, bytes+float64(e.Size())
			}
		}
		return events, bytes, nil
	}
	rampEvents, rampBytes, err := count(b.installation.ramp)
	if err != nil {
		return err
	}
	bareEvents, bareBytes, err := count(b.installation.bare)
	if err != nil {
		return err
	}
	b.table.add("history of one request", "events", rampEvents, bareEvents)
	b.table.add("history of one request, size", "bytes", rampBytes, bareBytes)
	return nil
}

// measureIdle approves one at a time: how long until it is open.
func measureIdle(ctx context.Context, b *bench) error {
	n := b.size(40, 100)
	lags := map[string][]time.Duration{}
	return b.turns(func(s side) error {
		lags[s.name()] = nil
		before, err := s.ended(ctx)
		if err != nil {
			return err
		}
		for range n {
			id, err := s.ask(ctx, 2*time.Second)
			if err != nil {
				return err
			}
			time.Sleep(5 * time.Millisecond) // nobody approves at once; the workflow waits by then
			at := time.Now()
			if err := s.approve(ctx, id); err != nil {
				return err
			}
			for !s.seen().isOpen(id) {
				time.Sleep(200 * time.Microsecond)
			}
			lags[s.name()] = append(lags[s.name()], s.seen().sinceApproval(map[string]time.Time{id: at})...)
		}
		return awaitEnded(ctx, s, before+n)
	}, func() { b.table.addLags("approved to usable, idle", lags["ramp"], lags["bare"]) })
}

// measureThroughput runs whole lives as fast as they go.
func measureThroughput(ctx context.Context, b *bench) error {
	const n = 300
	rate, cost, lags := map[string]float64{}, map[string]float64{}, map[string][]time.Duration{}
	return b.turns(func(s side) error {
		cpu, began := cpuTime(), time.Now()
		approved, err := lives(ctx, s, n, fixed(time.Second))
		if err != nil {
			return err
		}
		rate[s.name()] = n / time.Since(began).Seconds()
		time.Sleep(time.Second) // what is tidied up afterwards belongs to the cost, not to the time
		cost[s.name()] = (cpuTime() - cpu).Seconds() * 1000 / n
		lags[s.name()] = s.seen().sinceApproval(approved)
		return nil
	}, func() {
		b.table.add("lifecycles", "1/s", rate["ramp"], rate["bare"])
		b.table.add("CPU of one lifecycle, Temporal included", "ms", cost["ramp"], cost["bare"])
		b.table.addLags("approved to usable, under load", lags["ramp"], lags["bare"])
	})
}

// measureExpiry lets 500 expire at the same instant.
func measureExpiry(ctx context.Context, b *bench) error {
	return b.ending(ctx, "500 expire at once, gone after", 500, 0)
}

// measureMinute lets 5,000 expire evenly over a minute.
func measureMinute(ctx context.Context, b *bench) error {
	if !b.long {
		return nil
	}
	return b.ending(ctx, "5,000 expire over a minute, gone after", 5000, time.Minute)
}

func (b *bench) ending(ctx context.Context, name string, n int, over time.Duration) error {
	lags := map[string][]time.Duration{}
	return b.turns(func(s side) error {
		approved, err := lives(ctx, s, n, endingAt(n, over, b.pace))
		if err != nil {
			return err
		}
		lags[s.name()] = s.seen().sinceExpiry(slices.Collect(maps.Keys(approved)))
		return nil
	}, func() { b.table.addLags(name, lags["ramp"], lags["bare"]) })
}

// endingAt gives n lifecycles such lengths that they end evenly over a time,
// the first when all of them are open at that pace, and some seconds to spare.
func endingAt(n int, over, pace time.Duration) func() time.Duration {
	first := time.Now().Truncate(time.Second).Add(time.Duration(n)*pace + 5*time.Second)
	var asked atomic.Int64
	return func() time.Duration {
		ends := first.Add(over * time.Duration(asked.Add(1)-1) / time.Duration(n))
		// Lives are whole seconds from the second of the approval, which should
		// be the second of this question.
		if late := time.Since(time.Now().Truncate(time.Second)); late > 800*time.Millisecond {
			time.Sleep(time.Second - late)
		}
		return time.Until(ends).Truncate(time.Second) + time.Second
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
