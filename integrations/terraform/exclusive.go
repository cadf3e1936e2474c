package terraform

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// exclusive runs act for one grant, alone. A run of the program is not cut off when ctx
// ends, since what it was just making could get lost: the caller is told to try again, and
// finds then what the run has done. So what act writes may be read only where exclusive
// returns no error. closes says that act ends access: it has slots of its own, and whatever
// else goes on for the grant is stopped for it.
func (t *target) exclusive(ctx context.Context, name string, closes bool, act func(ctx context.Context) error) error {
	l, err := t.acquire(ctx, name)
	if err != nil {
		return err
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	slots := t.closing
	if !closes {
		slots = t.slots
		t.mu.Lock()
		t.others[name] = cancel
		t.mu.Unlock()
	}
	if ctx.Err() != nil { // nobody waits for it any more, and it may have been revoked since
		cancel()
	}
	done := make(chan error, 1)
	go func() {
		err := t.inSlot(own, slots, func(ctx context.Context) error {
			if err := t.takeOld(ctx, name); err != nil {
				return err
			}
			return act(ctx)
		})
		cancel()
		if !closes {
			t.mu.Lock()
			delete(t.others, name)
			t.mu.Unlock()
		}
		l.release() // before anybody is told that it is over: nothing of it is left then
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return access.Errorf(access.CodeUnavailable, "the program runs on for %s; the next attempt finds what it did", name)
	}
}

// stopOthers has a run of this process that opens a grant, or looks at it, stop by itself,
// and keep what it has made so far.
func (t *target) stopOthers(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if cancel := t.others[name]; cancel != nil {
		cancel()
	}
}

// inSlot runs act when fewer runs than the configuration allows go on, within the timeout.
// Endings have as many slots to themselves: people who ask make the program plan, and could
// otherwise hold up ends for as long as they ask.
func (t *target) inSlot(ctx context.Context, slots chan struct{}, act func(ctx context.Context) error) error {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return access.Errorf(access.CodeUnavailable, "as many runs as may go on at once (parallel) do not end in time")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(t.config.Timeout))
	defer cancel()
	return act(ctx)
}
