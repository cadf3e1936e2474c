package feed

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Log is what a Feed reads of the ledger.
type Log interface {
	// LastSeq returns the number of the newest event, 0 if there is none.
	LastSeq(ctx context.Context) (int64, error)
	Events(ctx context.Context, f ledger.EventFilter) ([]access.Event, error)
	// Appended returns a channel that is closed when this process has next
	// committed something.
	Appended() <-chan struct{}
}

// Options are what tests change; zero fields are the defaults.
type Options struct {
	Poll     time.Duration    // how often other processes' events are looked for: 500 ms
	Rest     time.Duration    // for how long after reading it is not read again: 50 ms
	Record   time.Duration    // how often a cursor is recorded, at most: 1 s. What was handled since is handled again after a crash
	Recent   int              // how many events are kept in memory for subscriptions: 4096
	Batch    int              // how many events a reader is given at once, at most: 200
	RetryMin time.Duration    // how long a consumer that failed waits at first: 1 s
	RetryMax time.Duration    // and at most: 1 minute
	Now      func() time.Time // the real clock
}

func (o Options) withDefaults() Options {
	if o.Poll == 0 {
		o.Poll = 500 * time.Millisecond
	}
	if o.Rest == 0 {
		o.Rest = 50 * time.Millisecond
	}
	if o.Record == 0 {
		o.Record = time.Second
	}
	if o.Recent == 0 {
		o.Recent = 4096
	}
	if o.Batch == 0 {
		o.Batch = 200
	}
	if o.RetryMin == 0 {
		o.RetryMin = time.Second
	}
	if o.RetryMax == 0 {
		o.RetryMax = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Feed is the one reader of the log in a process. Make one with New and Run it;
// it is safe for concurrent use.
type Feed struct {
	log     Log
	logger  logrus.FieldLogger
	options Options

	mu      sync.Mutex
	started bool
	recent  []access.Event // the newest events; the last of them has number last
	last    int64          // the newest event that was read
	err     error          // why the log cannot be read at this moment
	changed chan struct{}  // closed and replaced when any of these changes
}

// New returns a Feed that begins to read when it is run.
func New(log Log, logger logrus.FieldLogger, o Options) *Feed {
	return &Feed{log: log, logger: logger, options: o.withDefaults(), changed: make(chan struct{})}
}

// Run reads the log until ctx ends: at once after a commit of this process, and
// every Options.Poll for the commits of others. What is committed while it rests after
// reading, it reads together.
func (f *Feed) Run(ctx context.Context) {
	tick := time.NewTicker(f.options.Poll)
	defer tick.Stop()
	for failing := false; ; {
		appended := f.log.Appended() // before reading, so that no commit falls in between
		err := f.read(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			f.logger.WithError(err).Error("the feed cannot read the log; it keeps trying")
		}
		failing = err != nil
		if failing {
			appended = nil // a log that cannot be read is not asked more often than every Poll
		}
		rested := time.After(f.options.Rest)
		select {
		case <-ctx.Done():
			return
		case <-appended:
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-rested:
		}
	}
}

// read takes in what is new. It begins at the end of the log: anybody who wants what
// came before reads it by themselves. After a gap it goes on behind the gap, so
// that pages stay live; who has to have every event finds the gap itself.
func (f *Feed) read(ctx context.Context) error {
	last, err := f.log.LastSeq(ctx)
	if err != nil {
		f.update(func() { f.err = err })
		return err
	}
	f.mu.Lock()
	started, at, failed := f.started, f.last, f.err != nil
	f.mu.Unlock()
	if !started {
		f.update(func() { f.started, f.last, f.err = true, last, nil })
		return nil
	}
	for at < last {
		list, err := f.page(ctx, at, last, f.options.Batch)
		if IsGap(err) {
			f.update(func() { f.recent, f.last, f.err = nil, last, nil })
			f.logger.WithError(err).Error("the log has a gap: events were removed from the database")
			return nil
		}
		if err != nil {
			f.update(func() { f.err = err })
			return err
		}
		at, failed = list[len(list)-1].Seq, false
		f.update(func() {
			f.recent, f.last, f.err = append(f.recent, list...), at, nil
			if over := len(f.recent) - f.options.Recent; over > 0 {
				f.recent = append([]access.Event(nil), f.recent[over:]...)
			}
		})
	}
	if failed {
		f.update(func() { f.err = nil })
	}
	return nil
}

func (f *Feed) update(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

// page reads events after a number, at least one and at most so many, of a log that ends
// at last or later.
func (f *Feed) page(ctx context.Context, after, last int64, most int) ([]access.Event, error) {
	list, err := f.log.Events(ctx, ledger.EventFilter{After: after, Limit: most})
	if err != nil {
		return nil, err
	}
	return untilGap(after, last, list)
}
