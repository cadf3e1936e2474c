package properties

import (
	"context"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// faultyLedger is a real ledger whose next writes fail when told.
type faultyLedger struct {
	*ledger.Ledger
	mu      sync.Mutex
	fails   []bool // each a write that fails; true: after it was written
	observe func(access.Transition)
}

func (l *faultyLedger) fail(n int, written bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		l.fails = append(l.fails, written)
	}
}

func (l *faultyLedger) write(do func() error) error {
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
		_ = do() // whatever it returns is lost
	}
	return access.Errorf(access.CodeUnavailable, "the ledger is down")
}

func (l *faultyLedger) Advance(ctx context.Context, a access.Transition) error {
	l.observe(a)
	return l.write(func() error { return l.Ledger.Advance(ctx, a) })
}

func (l *faultyLedger) IntendGrant(ctx context.Context, g access.Grant, at time.Time) error {
	return l.write(func() error { return l.Ledger.IntendGrant(ctx, g, at) })
}

func (l *faultyLedger) MarkOpened(ctx context.Context, name string, at time.Time, steps ...access.Transition) error {
	for _, a := range steps {
		l.observe(a)
	}
	return l.write(func() error { return l.Ledger.MarkOpened(ctx, name, at, steps...) })
}

func (l *faultyLedger) MarkExtended(ctx context.Context, name string, until time.Time) error {
	return l.write(func() error { return l.Ledger.MarkExtended(ctx, name, until) })
}

func (l *faultyLedger) MarkClosed(ctx context.Context, name string, at time.Time, steps ...access.Transition) error {
	return l.write(func() error { return l.Ledger.MarkClosed(ctx, name, at, steps...) })
}
