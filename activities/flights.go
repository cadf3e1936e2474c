package activities

import (
	"context"
	"sync"
)

// flights runs what is done to one grant once at a time: a caller that comes while it is
// under way waits for its result. The zero value is ready.
type flights struct {
	mu  sync.Mutex
	now map[string]*flight
}

type flight struct {
	landed chan struct{} // closed when err is set
	err    error
}

// do runs work for a grant, or waits for the work that is under way for it; led says
// whether it was work that ran. What is under way belongs to somebody else, whose
// context may end: then a caller that still wants it does it.
func (f *flights) do(ctx context.Context, grant string, work func() error) (led bool, err error) {
	for {
		mine, leads := f.join(grant)
		if leads {
			mine.err = work()
			f.land(grant, mine)
			return true, mine.err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-mine.landed:
		}
		if mine.err == nil {
			return false, nil
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
}

func (f *flights) join(grant string) (_ *flight, leads bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if there, ok := f.now[grant]; ok {
		return there, false
	}
	if f.now == nil {
		f.now = map[string]*flight{}
	}
	f.now[grant] = &flight{landed: make(chan struct{})}
	return f.now[grant], true
}

func (f *flights) land(grant string, done *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.now, grant)
	close(done.landed)
}
