package worker

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// endClock is the time by which closers judge that access is over. It is the earlier
// of two clocks that are not this worker's: the ledger's, and Temporal's as the last
// activities showed it. So no clock that is fast ends access early, neither this
// machine's nor one of those two while both are there; with no Temporal, the ledger's
// counts alone (docs/threats.md, case 34).
type endClock struct {
	interceptor.WorkerInterceptorBase
	ledger func(context.Context) (time.Time, error)

	mu              sync.Mutex
	record, service reading // of the ledger's clock, and of Temporal's
}

// reading is what a clock said, and when this process heard it. Between two readings
// this machine's own passing of time counts, which no correction of its clock moves.
type reading struct{ said, heard time.Time }

func (r reading) now() time.Time { return r.said.Add(time.Since(r.heard)) }

func (r reading) olderThan(d time.Duration) bool { return r.heard.IsZero() || time.Since(r.heard) > d }

// readAgainAfter is how long one reading is believed. Machines' clocks run alike for
// that long, to the millisecond.
const readAgainAfter = 10 * time.Second

// Now returns the time. Errors are those of asking the ledger.
func (c *endClock) Now(ctx context.Context) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.record.olderThan(readAgainAfter) {
		said, err := c.ledger(ctx)
		if err != nil {
			return time.Time{}, err
		}
		c.record = reading{said, time.Now()}
	}
	now := c.record.now()
	if c.service.heard.IsZero() {
		return now, nil
	}
	if at := c.service.now(); at.Before(now) {
		now = at
	}
	return now, nil
}

// hear notes that Temporal's clock said a time, some moments ago. Of what came within
// a minute the one that took least time counts.
func (c *endClock) hear(said time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := (reading{said, time.Now()}); c.service.olderThan(time.Minute) || r.now().After(c.service.now()) {
		c.service = r
	}
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (c *endClock) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &listening{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, clock: c}
}

type listening struct {
	interceptor.ActivityInboundInterceptorBase
	clock *endClock
}

// ExecuteActivity hears the time of Temporal's clock at which an activity was started.
// A local activity was started by this worker's own.
func (l *listening) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if info := activity.GetInfo(ctx); !info.IsLocalActivity {
		l.clock.hear(info.StartedTime)
	}
	return l.Next.ExecuteActivity(ctx, in)
}
