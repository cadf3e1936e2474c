package feed_test

import (
	"context"
	"sync/atomic"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
)

// switchable is a log that can be down, and counts what it is asked.
type switchable struct {
	feed.Log
	fail  atomic.Bool
	asked atomic.Int64
}

func (s *switchable) LastSeq(ctx context.Context) (int64, error) {
	s.asked.Add(1)
	if s.fail.Load() {
		return 0, errDown
	}
	return s.Log.LastSeq(ctx)
}

func (s *switchable) Events(ctx context.Context, f ledger.EventFilter) ([]access.Event, error) {
	s.asked.Add(1)
	if s.fail.Load() {
		return nil, errDown
	}
	return s.Log.Events(ctx, f)
}
