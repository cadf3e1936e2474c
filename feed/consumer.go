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
	r := run{feed: f, cursors: cursors, consumer: c, start: start, log: f.logger.WithField("consumer", c.Name()), pause: pause}
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
	at       int64 // the cursor
}

// follow handles events until something fails, and returns that.
func (r *run) follow(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	sub := r.feed.Subscribe(r.at)
	for {
		events, err := sub.Next(ctx)
		if errors.Is(err, ErrBehind) {
			sub = r.feed.Subscribe(r.at)
			continue
		}
		if err != nil {
			return err
		}
		if err := r.consumer.Handle(ctx, events); err != nil {
			return err
		}
		handled := events[len(events)-1].Seq
		if r.at, err = r.cursors.MoveCursor(ctx, r.consumer.Name(), handled, r.feed.options.Now()); err != nil {
			return err
		}
		r.worked()
		if r.at != handled { // another process runs the same consumer, and is ahead
			sub = r.feed.Subscribe(r.at)
		}
	}
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
	r.opened = true
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
