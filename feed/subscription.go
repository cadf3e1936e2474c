package feed

import (
	"context"
	"errors"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// ErrBehind is the error of a subscription whose reader is too slow: the events
// that it has not seen are no longer in memory. The reader subscribes again
// after the last event that it has.
var ErrBehind = errors.New("the reader is too slow; it must subscribe again after its last event")

// Subscription follows the log from a number. A slow reader delays nobody: there is no
// queue, only a number. It is not safe for concurrent use and need not be closed.
type Subscription struct {
	feed  *Feed
	after int64
	live  bool // it has once reached the newest event
	most  int  // how many events Next returns at most
}

// Subscribe returns a subscription to what happens after an event. What is no
// longer in memory is read from the log first, a page at a time.
func (f *Feed) Subscribe(after int64) *Subscription {
	return &Subscription{feed: f, after: after, most: f.options.Batch}
}

// After returns the number of the last event that Next returned.
func (s *Subscription) After() int64 { return s.after }

// Next waits for events and returns them in order, at least one and at most
// Options.Batch. Errors are ErrBehind, that of ctx, that of a gap (IsGap), or of
// code unavailable while the log cannot be read.
func (s *Subscription) Next(ctx context.Context) ([]access.Event, error) {
	for {
		list, missing, changed, err := s.take()
		switch {
		case len(list) > 0:
			s.after, s.live = list[len(list)-1].Seq, true
			return list, nil
		case missing > 0 && s.live:
			return nil, ErrBehind
		case missing > 0:
			list, err := s.feed.page(ctx, s.after, missing, s.most)
			if err != nil {
				return nil, err
			}
			s.after = list[len(list)-1].Seq
			s.live = s.after >= missing
			return list, nil
		case err != nil:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

// Gap is a range of events that are missing from the log, both ends included.
type Gap struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// SkipGap goes on behind the events that are missing next, and returns which they
// are: for readers who only show what happens, and would otherwise come to the same
// gap for ever. Where nothing is missing it is the zero Gap. Errors are of code
// unavailable.
func (s *Subscription) SkipGap(ctx context.Context) (Gap, error) {
	last, err := s.feed.log.LastSeq(ctx)
	if err != nil || last <= s.after {
		return Gap{}, err
	}
	next, err := s.feed.log.Events(ctx, ledger.EventFilter{After: s.after, Limit: 1})
	if err != nil {
		return Gap{}, err
	}
	gap := Gap{From: s.after + 1, To: last}
	if len(next) > 0 {
		gap.To = next[0].Seq - 1
	}
	if gap.To < gap.From {
		return Gap{}, nil
	}
	s.after = gap.To
	return gap, nil
}

// take returns what is in memory for the subscription. If it lacks events that
// memory no longer has, missing is the number of the log's newest event.
func (s *Subscription) take() (list []access.Event, missing int64, changed <-chan struct{}, err error) {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.started || s.after >= f.last {
		return nil, 0, f.changed, f.err
	}
	first := f.last - int64(len(f.recent)) + 1
	if s.after+1 < first {
		return nil, f.last, f.changed, nil
	}
	list = f.recent[s.after+1-first:]
	return append([]access.Event(nil), list[:min(len(list), s.most)]...), 0, f.changed, nil
}
