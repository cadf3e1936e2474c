package integrations

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"ramp.dev/ramp/access"
)

// Rate is how many operations a second one worker may begin on a target, and
// how many of them at once after a pause. Workers that share a target share its
// limit by configuration: each gets its part.
type Rate struct {
	PerSecond float64 `yaml:"perSecond"`
	Burst     int     `yaml:"burst,omitempty"` // PerSecond, at least 1, if zero
}

// defaultRate is for targets that say nothing. It holds nobody up, and is
// something to slow down from when the target does say something.
var defaultRate = Rate{PerSecond: 2000, Burst: 2000}

// Validate reports everything that is wrong with a configured rate.
func (r Rate) Validate() error {
	if r.PerSecond < 0 || r.PerSecond > 1e6 || r.Burst < 0 || r.Burst > 0 && r.PerSecond == 0 {
		return access.Invalid(access.Issue{Code: "rate_malformed", Field: "rate",
			Message: "perSecond must be above zero, such as 20 or 0.5, and burst not below"})
	}
	return nil
}

// Class is what an operation is for. While both wait they take turns, so that
// neither a flood of endings nor one of requests starves the other.
type Class string

const (
	ClassNone    Class = "" // does not touch the service, and does not wait
	ClassClosing Class = "closing"
	ClassOpening Class = "opening" // and everything else that is not closing
)

// turn is the place of one operation in the queue.
type turn struct {
	class Class
	due   time.Time // among those that close, the earliest is served first
}

var opening = turn{class: ClassOpening}

func closingBy(g access.Grant) turn { return turn{class: ClassClosing, due: g.ExpiresAt} }

// Queue is who waits for a turn on one target.
type Queue struct {
	Target  string
	Class   Class
	Waiting int
	Oldest  time.Time // since when the one that waits longest has waited; zero if nobody waits
}

// gate lets operations through to one target at its rate. A throttled answer
// closes it for as long as the target asks, and then lets it run at half its
// rate, back to the whole over recoverWithin.
type gate struct {
	rate Rate

	mu      sync.Mutex
	bucket  *rate.Limiter
	waiting map[Class]*line
	last    Class // who went through last
	arrived int   // numbers those who come, for first come first served
	wake    *time.Timer

	shutUntil time.Time
	slowedAt  time.Time
	slowedTo  float64
}

const (
	shutFor       = time.Second // after a throttled answer that does not say how long
	shutAtMost    = time.Minute
	recoverWithin = 20 * time.Second
	slowest       = 16 // the rate is never divided by more
)

func newGate(r Rate) *gate {
	if r.PerSecond <= 0 {
		r = defaultRate
	}
	if r.Burst == 0 {
		r.Burst = max(1, int(r.PerSecond))
	}
	return &gate{rate: r, bucket: rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst), slowedTo: r.PerSecond,
		waiting: map[Class]*line{ClassClosing: {}, ClassOpening: {}}}
}

// wait returns when it is at's turn, or with ctx's error.
func (g *gate) wait(ctx context.Context, at turn) error {
	g.mu.Lock()
	w := &waiter{turn: at, number: g.arrived, since: time.Now(), through: make(chan struct{})}
	g.arrived++
	heap.Push(g.waiting[at.class], w)
	g.serve()
	g.mu.Unlock()
	select {
	case <-w.through:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.place >= 0 {
		heap.Remove(g.waiting[at.class], w.place)
	}
	// A turn that came in the same moment is lost, not given back: the rate is
	// a bound, and this is rare.
	return ctx.Err()
}

// serve lets through whoever may go now, and comes back when the next may.
func (g *gate) serve() {
	now := time.Now()
	g.bucket.SetLimitAt(now, rate.Limit(g.current(now)))
	if !g.shutUntil.IsZero() && !now.Before(g.shutUntil) {
		// What was saved up while shut would break out as one burst, at a target
		// that has just asked for quiet.
		g.bucket.AllowN(now, int(g.bucket.TokensAt(now)))
		g.shutUntil = time.Time{}
	}
	for {
		next := g.next()
		if next == nil {
			return
		}
		pause := g.shutUntil.Sub(now)
		if pause <= 0 && !g.bucket.AllowN(now, 1) {
			missing := 1 - g.bucket.TokensAt(now)
			pause = time.Duration(missing/float64(g.bucket.Limit())*float64(time.Second)) + time.Millisecond
		}
		if pause > 0 {
			if g.wake != nil {
				g.wake.Stop()
			}
			g.wake = time.AfterFunc(pause, func() {
				g.mu.Lock()
				defer g.mu.Unlock()
				g.serve()
			})
			return
		}
		heap.Pop(g.waiting[next.class])
		g.last = next.class
		close(next.through)
	}
}

// next is the first in line of the class whose turn it is.
func (g *gate) next() *waiter {
	order := []Class{ClassClosing, ClassOpening}
	if g.last == ClassClosing {
		order = []Class{ClassOpening, ClassClosing}
	}
	for _, c := range order {
		if l := *g.waiting[c]; len(l) > 0 {
			return l[0]
		}
	}
	return nil
}

// throttled slows the gate down. Answers to calls that were under way together
// are one answer.
func (g *gate) throttled(after time.Duration) {
	if after <= 0 {
		after = shutFor
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if now.Sub(g.slowedAt) >= shutFor {
		g.slowedTo = max(g.current(now)/2, g.rate.PerSecond/slowest)
		g.slowedAt = now
	}
	if until := now.Add(min(after, shutAtMost)); until.After(g.shutUntil) {
		g.shutUntil = until
	}
}

// current is the rate now: what it was slowed to, growing back.
func (g *gate) current(now time.Time) float64 {
	back := now.Sub(g.slowedAt).Seconds() / recoverWithin.Seconds()
	return min(g.rate.PerSecond, g.slowedTo+g.rate.PerSecond*back)
}

func (g *gate) queues(target string) []Queue {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Queue
	for _, c := range []Class{ClassClosing, ClassOpening} {
		q := Queue{Target: target, Class: c, Waiting: len(*g.waiting[c])}
		for _, w := range *g.waiting[c] {
			if q.Oldest.IsZero() || w.since.Before(q.Oldest) {
				q.Oldest = w.since
			}
		}
		out = append(out, q)
	}
	return out
}
