// Package limit keeps one caller from taking what is there for all: so many
// requests at once, and so many a second (docs/threats.md, case 47).
package limit

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how fast one caller may send requests.
type Rate struct {
	PerSecond float64 `yaml:"perSecond,omitempty"`
	Burst     int     `yaml:"burst,omitempty"` // at once
}

// Or returns the rate with zero fields filled in.
func (r Rate) Or(perSecond float64, burst int) Rate {
	if r.PerSecond <= 0 {
		r.PerSecond = perSecond
	}
	if r.Burst <= 0 {
		r.Burst = burst
	}
	return r
}

// maxCallers bounds memory: about 200 bytes each.
const maxCallers = 20_000

// Limiter keeps a bucket for each caller. It is safe for concurrent use.
type Limiter struct {
	rate Rate
	max  int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// New makes a limiter of many callers.
func New(r Rate) *Limiter {
	return &Limiter{rate: r, max: maxCallers, buckets: map[string]*rate.Limiter{}}
}

// Allow takes one request from a caller's bucket and reports whether there was
// one; if not, wait is how long until there is, in whole seconds, at least one.
func (l *Limiter) Allow(caller string, now time.Time) (ok bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[caller]
	if b == nil {
		l.makeRoom(now)
		b = rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)
		l.buckets[caller] = b
	}
	if b.AllowN(now, 1) {
		return true, 0
	}
	missing := (1 - b.TokensAt(now)) / l.rate.PerSecond
	return false, time.Duration(math.Max(1, math.Ceil(missing))) * time.Second
}

// Return puts back what one request took from a caller's bucket, for one that turned out to
// count elsewhere. A bucket never holds more than Burst.
func (l *Limiter) Return(caller string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.buckets[caller]; b != nil && b.TokensAt(now) < float64(l.rate.Burst) {
		b.AllowN(now, -1)
	}
}

// makeRoom forgets callers whose bucket is full again: they are as good as new.
// When nobody's is, a flood of callers is under way; then anybody is forgotten,
// since memory must not be what gives.
func (l *Limiter) makeRoom(now time.Time) {
	if len(l.buckets) < l.max {
		return
	}
	for caller, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.rate.Burst) {
			delete(l.buckets, caller)
		}
	}
	for caller := range l.buckets {
		if len(l.buckets) < l.max {
			return
		}
		delete(l.buckets, caller)
	}
}
