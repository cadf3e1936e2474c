package terraform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"ramp.dev/ramp/access"
)

// lock is held by whoever changes one grant: one run in one process of this machine, or of
// all that share the directory. The kernel takes it from a process that dies.
type lock struct{ file *os.File }

const lockStep = 25 * time.Millisecond

// acquire waits for a grant's lock until ctx ends. Errors are of code unavailable.
func (t *target) acquire(ctx context.Context, name string) (*lock, error) {
	path := filepath.Join(t.locks, name)
	for {
		l, err := tryLock(path)
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "the lock of %s: %w", name, err)
		}
		if l != nil {
			return l, nil
		}
		select {
		case <-ctx.Done():
			return nil, access.Errorf(access.CodeUnavailable, "another run of the program for %s goes on", name)
		case <-time.After(lockStep):
		}
	}
}

// tryLock returns nil if somebody else holds the lock.
func tryLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600) // #nosec G304 -- named after a grant
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		closing := f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, closing
		}
		return nil, err
	}
	// Whoever held it before has removed the file: what is locked must be what others find.
	mine, err := f.Stat()
	theirs, gone := os.Stat(path)
	if err != nil || gone != nil || !os.SameFile(mine, theirs) {
		return nil, errors.Join(err, f.Close())
	}
	return &lock{f}, nil
}

// release lets others in, and removes the file so that none is left of grants that ended.
func (l *lock) release() {
	_ = os.Remove(l.file.Name()) // while it is held, so nobody else's is removed
	_ = l.file.Close()           // which unlocks
}
