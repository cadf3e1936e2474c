package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
)

// two returns Ramp and the floor, for what needs processes of its own or takes long.
func (b *bench) two() (out []side) {
	for _, s := range b.installation.sides {
		if s.name() != apartSide {
			out = append(out, s)
		}
	}
	return out
}

// turns runs one round of each side, so many times, changing who begins, and
// calls after at the end of each.
func (b *bench) turns(sides []side, round func(side) error, after func()) error {
	for n := range b.rounds {
		order := slices.Clone(sides)
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

// lives runs n lifecycles to their end and returns when each was approved. All of
// them must have opened.
func lives(ctx context.Context, s side, n int, length func() time.Duration) (map[string]time.Time, error) {
	before, err := s.ended(ctx)
	if err != nil {
		return nil, err
	}
	approved, err := openMany(ctx, s, n, length)
	if err != nil {
		return nil, err
	}
	if err := awaitEnded(ctx, s, before+n); err != nil {
		return nil, err
	}
	if never := s.seen().neverOpened(approved); len(never) > 0 {
		return nil, fmt.Errorf("%s: %d of %d never opened, so this round counts nothing; %s", s.name(), len(never), n, s.why(ctx, never[0]))
	}
	return approved, nil
}

// warmUp runs some of each first, and learns how long opening one takes here
// and now.
func (b *bench) warmUp(ctx context.Context) error {
	const n = 50
	for _, s := range b.installation.sides {
		began := time.Now()
		if _, err := lives(ctx, s, n, fixed(b.life)); err != nil {
			return err
		}
		b.pace = max(b.pace, (time.Since(began)-b.life)/n)
	}
	return nil
}

// lifetime is how long access lasts in a life that is measured from end to end. An
// expiry is on a whole second, so with a second of access a slow opening would come
// after the end, and be refused. On a machine that is very busy it may need more; lives a
// second are then not those of another length.
const lifetime = 5 * time.Second

// measureHistory counts what one request leaves in Temporal, and what Temporal Cloud
// would bill. It does not depend on the machine.
func measureHistory(ctx context.Context, b *bench) error {
	events, bytes, actions, transitions := figures{}, figures{}, figures{}, figures{}
	for _, s := range b.installation.sides {
		approved, err := lives(ctx, s, 1, fixed(2*time.Second))
		if err != nil {
			return err
		}
		for id := range approved {
			// The last event follows the last effect by a moment.
			if err := b.installation.askers.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil {
				return err
			}
			d, err := b.installation.askers.DescribeWorkflowExecution(ctx, id, "")
			if err != nil {
				return err
			}
			transitions[s.name()] = float64(d.GetWorkflowExecutionInfo().GetStateTransitionCount())
			all := b.installation.askers.GetWorkflowHistory(ctx, id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for all.HasNext() {
				e, err := all.Next()
				if err != nil {
					return err
				}
				events[s.name()]++
				bytes[s.name()] += float64(e.Size())
				actions[s.name()] += float64(billableActions(e))
				if b.long {
					b.say("%s %3d %-50s %5d bytes", s.name(), e.EventId, e.EventType, e.Size())
				}
			}
		}
	}
	b.table.add("history of one request", "events", events)
	b.table.add("history of one request, size", "bytes", bytes)
	b.table.add("state transitions of one request", "", transitions)
	b.table.add("billable actions of one request, without asking what it means", "actions", actions)
	return nil
}

// billableActions returns how many actions Temporal Cloud bills for an event. Local
// activities of one task are one; a continuation, a retry and a heartbeat do not come
// here.
func billableActions(e *history.HistoryEvent) int {
	switch e.EventType {
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, enums.EVENT_TYPE_TIMER_STARTED, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
		enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, enums.EVENT_TYPE_MARKER_RECORDED:
		return 1
	}
	return 0
}

// measureIdle approves one at a time: how long until it is open.
func measureIdle(ctx context.Context, b *bench) error {
	n := b.size(40, 100)
	lags := map[string][]time.Duration{}
	return b.turns(b.installation.sides, func(s side) error {
		lags[s.name()] = nil
		before, err := s.ended(ctx)
		if err != nil {
			return err
		}
		for range n {
			id, err := s.ask(ctx, b.life)
			if err != nil {
				return err
			}
			time.Sleep(5 * time.Millisecond) // nobody approves at once; the workflow waits by then
			at := time.Now()
			if err := s.approve(ctx, id); err != nil {
				return err
			}
			if err := awaitOpen(ctx, s, id); err != nil {
				return err
			}
			lags[s.name()] = append(lags[s.name()], s.seen().sinceApproval(map[string]time.Time{id: at})...)
		}
		return awaitEnded(ctx, s, before+n)
	}, func() { b.table.addLags("approved to usable, idle", lags) })
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
	cost, lags := figures{}, map[string][]time.Duration{}
	return b.turns(b.two(), func(s side) error {
		cpu := b.cpu()
		approved, err := lives(ctx, s, n, endingAt(n, over, b.pace))
		if err != nil {
			return err
		}
		cost[s.name()] = (b.cpu() - cpu).Seconds() * 1000 / float64(n)
		lags[s.name()] = s.seen().sinceExpiry(slices.Collect(maps.Keys(approved)))
		return nil
	}, func() {
		b.table.addLags(name, lags)
		b.table.add(name+", CPU of one from asking to the end", "ms", cost)
	})
}

// endingAt gives n lifecycles such lengths that they end evenly over a time,
// the first when all of them are open at that pace, with half of that time and some
// seconds to spare: more at once are slower than those of the warm-up.
func endingAt(n int, over, pace time.Duration) func() time.Duration {
	first := time.Now().Truncate(time.Second).Add(time.Duration(n)*pace*3/2 + 5*time.Second)
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

// cpu is what the whole installation has used.
func (b *bench) cpu() time.Duration {
	if b.postgres {
		return cpuOfAll()
	}
	return cpuTime()
}
