package properties

import (
	"context"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// shaky is a real ledger whose next writes fail when told.
type shaky struct {
	*ledger.Ledger
	mu    sync.Mutex
	fails []bool // each a write that fails; true: after it was written
	told  func(ledger.Advance)
}

func (l *shaky) fail(n int, written bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		l.fails = append(l.fails, written)
	}
}

func (l *shaky) write(do func() error) error {
	l.mu.Lock()
	fails, written := len(l.fails) > 0, false
	if fails {
		written, l.fails = l.fails[0], l.fails[1:]
	}
	l.mu.Unlock()
	if !fails {
		return do()
	}
	if written {
		_ = do() // whatever it answers is lost
	}
	return access.Errorf(access.CodeUnavailable, "the ledger is down")
}

func (l *shaky) Advance(ctx context.Context, a ledger.Advance) error {
	l.told(a)
	return l.write(func() error { return l.Ledger.Advance(ctx, a) })
}

func (l *shaky) Intend(ctx context.Context, g access.Grant, at time.Time) error {
	return l.write(func() error { return l.Ledger.Intend(ctx, g, at) })
}

func (l *shaky) Opened(ctx context.Context, name string, at time.Time, steps ...ledger.Advance) error {
	for _, a := range steps {
		l.told(a)
	}
	return l.write(func() error { return l.Ledger.Opened(ctx, name, at, steps...) })
}

func (l *shaky) Extended(ctx context.Context, name string, until time.Time) error {
	return l.write(func() error { return l.Ledger.Extended(ctx, name, until) })
}

func (l *shaky) Closed(ctx context.Context, name string, at time.Time) error {
	return l.write(func() error { return l.Ledger.Closed(ctx, name, at) })
}
