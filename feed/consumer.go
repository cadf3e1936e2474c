package feed

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
)

// Consumer reacts to what happens.
type Consumer interface {
	// Name returns the name of the consumer's cursor. It must never change.
	Name() string
	// Handle reacts to events, in order. It is given the same events again after
	// an error, and after a crash before the cursor was recorded.
	Handle(ctx context.Context, events []access.Event) error
}

// Batcher is implemented by consumers for which Options.Batch is not right: those that
// wait for their receiver at each call, and those that keep what they are given together.
type Batcher interface {
	// Batch returns how many events Handle is given at once, at most, and for how long
	// the first of them waits for more; 0 is not at all.
	Batch() (most int, linger time.Duration)
}

// Cursors keeps how far consumers have got. The ledger implements it, and says
// what each method does.
type Cursors interface {
	OpenCursor(ctx context.Context, name string, start int64, at time.Time) (seq int64, err error)
	MoveCursor(ctx context.Context, name string, seq int64, at time.Time) (now int64, err error)
	FailCursor(ctx context.Context, name string, seq int64, at time.Time, problem string) error
}

// Start says where a consumer begins that has no cursor yet.
type Start int

const (
	FromFirst Start = iota // at the first event that was ever recorded
	FromNow                // at what happens from now on
)

// Consume gives a consumer every event after its cursor, until ctx ends. When
// the consumer fails, or the log has a gap, that is recorded with the cursor and
// logged, and the same events are handled again after a pause that grows to
// Options.RetryMax. The Feed must be running.
func (f *Feed) Consume(ctx context.Context, cursors Cursors, c Consumer, start Start) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = f.options.RetryMin, f.options.RetryMax
	r := run{feed: f, cursors: cursors, consumer: c, start: start, log: f.logger.WithField("consumer", c.Name()), pause: pause, most: f.options.Batch}
	if b, ok := c.(Batcher); ok {
		r.most, r.linger = b.Batch()
	}
	for {
		err := r.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		r.failed(ctx, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause.NextBackOff()):
		}
	}
}

// run is one consumer at work.
type run struct {
	feed     *Feed
	cursors  Cursors
	consumer Consumer
	start    Start
	log      logrus.FieldLogger
	pause    *backoff.ExponentialBackOff
	problem  string // why it fails; "" while it works
	opened   bool
	at       int64     // the cursor
	handled  int64     // the last event that was handled; after at while that is not recorded
	moved    time.Time // when the cursor was moved last
	most     int       // events of one call
	linger   time.Duration
}

// follow handles events until something fails, and returns that.
func (r *run) follow(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	err := r.handle(ctx)
	// What was handled before it failed is recorded, also when the process stops.
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), moveWithin)
	defer cancel()
	return errors.Join(err, r.move(soon))
}

// moveWithin bounds how long a consumer that stops waits for the ledger.
const moveWithin = 2 * time.Second

func (r *run) handle(ctx context.Context) error {
	sub := r.subscribe(r.at)
	for {
		events, err := r.gather(ctx, sub)
		if errors.Is(err, ErrBehind) {
			sub = r.subscribe(r.handled)
			continue
		}
		if err != nil {
			return err
		}
		if len(events) > 0 {
			if err := r.consumer.Handle(ctx, events); err != nil {
				return err
			}
			r.handled = events[len(events)-1].Seq
			r.worked()
		}
		if time.Since(r.moved) < r.feed.options.Record {
			continue
		}
		if err := r.move(ctx); err != nil {
			return err
		}
		if r.at != r.handled { // another process runs the same consumer, and is ahead
			r.handled = r.at
			sub = r.subscribe(r.at)
		}
	}
}

func (r *run) subscribe(after int64) *Subscription {
	sub := r.feed.Subscribe(after)
	sub.most = r.most
	return sub
}

// gather waits for events as next does, and then for more of them, as the consumer wants.
// What goes wrong meanwhile comes again with the next call: the subscription stays where
// it is.
func (r *run) gather(ctx context.Context, sub *Subscription) ([]access.Event, error) {
	events, err := r.next(ctx, sub)
	if err != nil || len(events) == 0 || r.linger == 0 {
		return events, err
	}
	until, cancel := context.WithTimeout(ctx, r.linger)
	defer cancel()
	defer func() { sub.most = r.most }()
	for len(events) < r.most {
		sub.most = r.most - len(events)
		more, err := sub.Next(until)
		if err != nil {
			break
		}
		events = append(events, more...)
	}
	return events, ctx.Err()
}

// next waits for events; it returns none when it is time to record the cursor.
func (r *run) next(ctx context.Context, sub *Subscription) ([]access.Event, error) {
	if r.handled == r.at {
		return sub.Next(ctx)
	}
	until, cancel := context.WithTimeout(ctx, max(0, r.feed.options.Record-time.Since(r.moved)))
	defer cancel()
	events, err := sub.Next(until)
	if err != nil && until.Err() != nil && ctx.Err() == nil {
		return nil, nil
	}
	return events, err
}

// move records what was handled.
func (r *run) move(ctx context.Context) (err error) {
	if r.handled <= r.at {
		return nil
	}
	r.moved = time.Now()
	r.at, err = r.cursors.MoveCursor(ctx, r.consumer.Name(), r.handled, r.feed.options.Now())
	return err
}

// open finds the cursor. A cursor beyond the log's end is that of a log that was
// cut off: nothing more is handled before somebody has looked into it.
func (r *run) open(ctx context.Context) error {
	last, err := r.feed.log.LastSeq(ctx)
	if err != nil {
		return err
	}
	first := int64(0)
	if r.start == FromNow {
		first = last
	}
	if r.at, err = r.cursors.OpenCursor(ctx, r.consumer.Name(), first, r.feed.options.Now()); err != nil {
		return err
	}
	r.opened, r.handled = true, r.at
	if r.at <= last {
		return nil
	}
	// Another process may have appended and handled events since last was read.
	if last, err = r.feed.log.LastSeq(ctx); err == nil && r.at > last {
		err = access.Errorf(access.CodeEvidence, "%w: event %d was handled, and the log ends at %d", errGap, r.at, last)
	}
	return err
}

func (r *run) worked() {
	r.pause.Reset()
	if r.problem != "" {
		r.log.WithField("after", r.at).Info("the consumer works again")
		r.problem = ""
	}
}

func (r *run) failed(ctx context.Context, err error) {
	problem := access.Clip(err.Error(), 500)
	if problem != r.problem {
		r.log.WithError(err).WithField("after", r.at).Error("a consumer of events fails; it tries again")
		r.problem = problem
	}
	if !r.opened {
		return
	}
	if err := r.cursors.FailCursor(ctx, r.consumer.Name(), r.at, r.feed.options.Now(), problem); err != nil {
		r.log.WithError(err).Warn("the failure of a consumer could not be recorded")
	}
}
