package facts

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

const (
	// keepReply is how long a reply of a service is used again: in an incident many ask the
	// same within seconds. The fact says how old it is.
	keepReply = 10 * time.Second
	// keepCalendar is the same of a calendar, whose server expects a look now and then.
	keepCalendar = 30 * time.Second
	// maxWait bounds how long a service that asks for fewer calls is not called.
	maxWait = 5 * time.Minute
	// maxKept bounds how many replies are kept.
	maxKept = 2_000
)

// kept asks a service once for those who ask the same at once or within seconds, and
// leaves it alone for as long as it asks for. A reply keeps the time that it is of. What
// failed is not kept.
type kept struct {
	source.Source
	keep   time.Duration
	now    func() time.Time
	asking singleflight.Group

	mu     sync.Mutex
	known  map[question]source.Reply
	closed time.Time // until when the service wants no calls
}

type question struct {
	kind access.FactKind
	key  string
}

func newKept(s source.Source, keep time.Duration) *kept {
	return &kept{Source: s, keep: keep, now: time.Now, known: map[question]source.Reply{}}
}

// Ask implements source.Source.
func (k *kept) Ask(ctx context.Context, kind access.FactKind, key string) (source.Reply, error) {
	q := question{kind, key}
	if r, ok, err := k.lately(q); ok || err != nil {
		return r, err
	}
	result := k.asking.DoChan(string(kind)+"\x00"+key, func() (any, error) {
		if r, ok, err := k.lately(q); ok || err != nil {
			return r, err // somebody else asked meanwhile
		}
		// The one who asked first may leave before the others have the reply.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askWithin)
		defer cancel()
		r, err := k.Source.Ask(ctx, kind, key)
		k.remember(q, r, err)
		return r, err
	})
	select {
	case <-ctx.Done():
		return source.Reply{}, ctx.Err()
	case r := <-result:
		reply, _ := r.Val.(source.Reply)
		return reply, r.Err
	}
}

// lately returns a reply of the last seconds; an error while the service wants no calls.
func (k *kept) lately(q question) (r source.Reply, ok bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if r, ok = k.known[q]; ok && now.Sub(r.AsOf) < k.keep && !now.Before(r.AsOf) && !shiftOver(r, now) {
		return r, true, nil
	}
	if now.Before(k.closed) {
		return r, false, access.Errorf(access.CodeThrottled, "the service asks Ramp to wait until %s", access.FormatTime(k.closed))
	}
	return source.Reply{}, false, nil
}

// shiftOver reports whether a rota has changed since the reply, by what it says itself.
func shiftOver(r source.Reply, now time.Time) bool {
	return r.OnCall != nil && r.OnCall.Until != nil && !now.Before(*r.OnCall.Until)
}

func (k *kept) remember(q question, r source.Reply, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		if wait := access.RetryAfterOf(err); wait > 0 {
			k.closed = k.now().Add(min(wait, maxWait))
		}
		return
	}
	if len(k.known) >= maxKept {
		clear(k.known)
	}
	k.known[q] = r
}
