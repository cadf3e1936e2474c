package terraform

import (
	"context"
	"path/filepath"
	"time"

	"ramp.dev/ramp/access"
)

// exclusive runs act for one grant, alone. A run of the program is not cut off when ctx
// ends, since what it was just making could get lost: the caller is told to try again, and
// finds then what the run has done. So what act writes may be read only where exclusive
// returns no error. opens says that a revoke may stop it.
func (t *target) exclusive(ctx context.Context, name string, opens bool, act func(ctx context.Context) error) error {
	l, err := t.acquire(ctx, name)
	if err != nil {
		return err
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if opens {
		t.mu.Lock()
		t.opening[name] = cancel
		t.mu.Unlock()
	}
	if ctx.Err() != nil { // nobody waits for it any more, and it may have been revoked since
		cancel()
	}
	done := make(chan error, 1)
	go func() {
		err := t.inSlot(own, act)
		cancel()
		if opens {
			t.mu.Lock()
			delete(t.opening, name)
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

// stopOpening has a run of this process that opens a grant stop by itself, and keep what it
// has made so far.
func (t *target) stopOpening(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if cancel := t.opening[name]; cancel != nil {
		cancel()
	}
}

// inSlot runs act when fewer runs than the configuration allows go on, within the timeout.
func (t *target) inSlot(ctx context.Context, act func(ctx context.Context) error) error {
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-ctx.Done():
		return access.Errorf(access.CodeUnavailable, "as many runs as may go on at once (parallel) do not end in time")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(t.config.Timeout))
	defer cancel()
	return act(ctx)
}

// directory is a grant's working directory: the same in each run, so that the next one finds
// what the last one left when its worker died.
func (t *target) directory(name string) string { return filepath.Join(string(t.config.Runtime), name) }
