package app

import (
	"context"
	"sync"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
)

// eventLedger knows where the log ends.
type eventLedger interface {
	LastSeq(ctx context.Context) (int64, error)
}

// EventFeed tells what happens from a number on.
type EventFeed interface {
	Subscribe(after int64) *feed.Subscription
}

// events shows people what happens, as far as they may see it.
type events struct {
	ledger   eventLedger
	feed     EventFeed
	requests requestLedger
	roles    roles

	mu    sync.Mutex
	known map[string]access.Request // what maySee asks of a request; it never changes
}

// maxKnown bounds how many requests are remembered. When there are more, all are
// forgotten: each is read again when it is next needed.
const maxKnown = 20_000

// LastEvent returns the number of the newest event, from which a new reader
// follows.
func (v *events) LastEvent(ctx context.Context) (int64, error) { return v.ledger.LastSeq(ctx) }

// EventStream follows what one person may see.
type EventStream struct {
	events *events
	sub    *feed.Subscription
	gap    *feed.Gap
}

// FollowEvents returns a stream of what happens after an event.
func (v *events) FollowEvents(after int64) *EventStream {
	return &EventStream{events: v, sub: v.feed.Subscribe(after)}
}

// Gap returns the events that Next found missing from the log and has passed over,
// once; nil if there are none. The database was changed: the audit log says more.
func (s *EventStream) Gap() *feed.Gap {
	gap := s.gap
	s.gap = nil
	return gap
}

// After returns the number up to which Next has returned events, or has left them
// out because the person may not see them.
func (s *EventStream) After() int64 { return s.sub.After() }

// Next waits for events and returns those that a person may see; there may be
// none. The person is asked for when there are events, so that a person who leaves or
// loses a group sees nothing more from that moment. After an error the reader
// begins a new stream after the last event that it has.
func (s *EventStream) Next(ctx context.Context, who func(context.Context) (access.Person, error)) ([]access.Event, error) {
	list, err := s.sub.Next(ctx)
	if feed.IsGap(err) {
		gap, err := s.sub.SkipGap(ctx)
		if err == nil && gap != (feed.Gap{}) {
			s.gap = &gap
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	p, err := who(ctx)
	if err != nil {
		return nil, err
	}
	var out []access.Event
	for _, e := range list {
		visible, err := s.events.maySee(ctx, p, e)
		if err != nil {
			return nil, err
		}
		if visible {
			out = append(out, e)
		}
	}
	return out, nil
}

// maySee reports whether p belongs to the audience of an event; operators always
// do.
func (v *events) maySee(ctx context.Context, p access.Person, e access.Event) (bool, error) {
	switch audience := e.Kind.Spec().Audience; {
	case v.roles.isOperator(p):
		return true, nil
	case audience == access.AudienceOperators:
		return false, nil
	case audience == access.AudienceSelf, e.RequestID == "":
		return e.Actor == p.ID, nil
	}
	r, err := v.request(ctx, e.RequestID)
	if access.CodeOf(err) == access.CodeNotFound {
		return false, nil // refused before there was a request
	}
	return err == nil && v.roles.maySee(ctx, p, r), err
}

// request returns the parts of a request that never change. They are read once
// for all streams of the process.
func (v *events) request(ctx context.Context, id string) (access.Request, error) {
	v.mu.Lock()
	r, known := v.known[id]
	v.mu.Unlock()
	if known {
		return r, nil
	}
	r, err := v.requests.Request(ctx, id)
	if err != nil {
		return r, err
	}
	r = access.Request{ID: r.ID, Requester: r.Requester, Plan: access.Plan{Rule: r.Plan.Rule, Extend: r.Plan.Extend, BreakGlass: r.Plan.BreakGlass}}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil || len(v.known) >= maxKnown {
		v.known = map[string]access.Request{}
	}
	v.known[id] = r
	return r, nil
}
