package pacing

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Class is what an operation is for. While operations of the first two classes wait,
// they are let through in turn.
type Class string

const (
	Closing Class = "closing"
	Opening Class = "opening" // everything that does not close access
	// Aside is what can be left undone. It is let through while nothing else waits, and
	// leaves half of what may begin at once to what comes next.
	Aside Class = "aside"
)

// Limiter lets operations through to one target at its rate. It is safe for
// concurrent use.
type Limiter struct {
	rate Rate

	mu      sync.Mutex
	bucket  *rate.Limiter
	waiting map[Class]*waitQueue
	last    Class // the class of the operation that was let through last
	arrived int   // counts operations, for first come, first served
	wake    *time.Timer

	pausedUntil time.Time
	slowedAt    time.Time
	slowedTo    float64 // operations a second, at slowedAt
}

const (
	defaultPause   = time.Second // after BackOff with no time to wait
	maxPause       = time.Minute
	recoverWithin  = 20 * time.Second
	maxSlowdown    = 16          // the rate is never divided by more than this
	onePauseWithin = time.Second // calls of BackOff within this time of each other count as one
)

// New returns a Limiter that runs at r, or at the default rate if r is zero.
func New(r Rate) *Limiter {
	r = r.withDefaults()
	return &Limiter{rate: r, bucket: rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst), slowedTo: r.PerSecond,
		waiting: map[Class]*waitQueue{Closing: {}, Opening: {}, Aside: {}}}
}

// Rate returns the rate that the Limiter runs at when nothing slows it down.
func (l *Limiter) Rate() Rate { return l.rate }

// Wait blocks until the operation may begin or ctx ends; then it returns ctx's
// error. Due orders operations of one class: the earliest is let through first,
// and among equals the one that came first.
func (l *Limiter) Wait(ctx context.Context, class Class, due time.Time) error {
	l.mu.Lock()
	t := &ticket{class: class, due: due, number: l.arrived, since: time.Now(), admitted: make(chan struct{})}
	l.arrived++
	heap.Push(l.waiting[class], t)
	l.dispatch()
	l.mu.Unlock()
	select {
	case <-t.admitted:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.index >= 0 {
		heap.Remove(l.waiting[class], t.index)
	}
	// If it was admitted in this same moment, its token is lost and not given
	// back: the rate is an upper bound, and this is rare.
	return ctx.Err()
}

// dispatch admits every operation that may begin now, and arranges to be called
// again when the next one may. The caller holds the lock.
func (l *Limiter) dispatch() {
	now := time.Now()
	l.bucket.SetLimitAt(now, rate.Limit(l.currentRate(now)))
	if !l.pausedUntil.IsZero() && !now.Before(l.pausedUntil) {
		// Tokens that were saved up during the pause would break out as one
		// burst, at a target that has just asked for quiet.
		l.bucket.AllowN(now, int(l.bucket.TokensAt(now)))
		l.pausedUntil = time.Time{}
	}
	for {
		next := l.next()
		if next == nil {
			return
		}
		pause := l.pausedUntil.Sub(now)
		needs := 1.0
		if next.class == Aside {
			needs += float64(l.rate.Burst / 2)
		}
		if missing := needs - l.bucket.TokensAt(now); pause <= 0 && (missing > 0 || !l.bucket.AllowN(now, 1)) {
			pause = time.Duration(missing/float64(l.bucket.Limit())*float64(time.Second)) + time.Millisecond
		}
		if pause > 0 {
			l.dispatchAfter(pause)
			return
		}
		heap.Pop(l.waiting[next.class])
		if next.class != Aside {
			l.last = next.class
		}
		close(next.admitted)
	}
}

func (l *Limiter) dispatchAfter(pause time.Duration) {
	if l.wake != nil {
		l.wake.Stop()
	}
	l.wake = time.AfterFunc(pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.dispatch()
	})
}

// next returns the operation to admit next, or nil if none waits.
func (l *Limiter) next() *ticket {
	order := []Class{Closing, Opening}
	if l.last == Closing {
		order = []Class{Opening, Closing}
	}
	for _, c := range append(order, Aside) {
		if q := *l.waiting[c]; len(q) > 0 {
			return q[0]
		}
	}
	return nil
}

// BackOff slows the Limiter down after the target said that it is asked too
// often. It lets nothing through for the given time, or for one second if that
// is zero, and for one minute at most.
func (l *Limiter) BackOff(after time.Duration) {
	if after <= 0 {
		after = defaultPause
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	// Calls that were under way together are all refused. They slow the Limiter down once.
	if now.Sub(l.slowedAt) >= onePauseWithin {
		l.slowedTo = max(l.currentRate(now)/2, l.rate.PerSecond/maxSlowdown)
		l.slowedAt = now
	}
	if until := now.Add(min(after, maxPause)); until.After(l.pausedUntil) {
		l.pausedUntil = until
	}
}

// currentRate returns the operations a second at the time now: what the Limiter
// was slowed to, growing back to its whole rate.
func (l *Limiter) currentRate(now time.Time) float64 {
	regained := now.Sub(l.slowedAt).Seconds() / recoverWithin.Seconds()
	return min(l.rate.PerSecond, l.slowedTo+l.rate.PerSecond*regained)
}

// Queue is what waits in one class.
type Queue struct {
	Class   Class
	Waiting int
	Oldest  time.Time // when the operation that has waited longest began to wait; zero if none waits
}

// Queues returns what waits, for metrics.
func (l *Limiter) Queues() []Queue {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Queue
	for _, c := range []Class{Closing, Opening} {
		q := Queue{Class: c, Waiting: len(*l.waiting[c])}
		for _, t := range *l.waiting[c] {
			if q.Oldest.IsZero() || t.since.Before(q.Oldest) {
				q.Oldest = t.since
			}
		}
		out = append(out, q)
	}
	return out
}
