package envelope

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Requesters says whose request an event is about, as the log says: who caused the
// request's first event. It remembers some thousands of requests. It is not safe for
// concurrent use.
type Requesters struct {
	Log interface {
		Events(ctx context.Context, f ledger.EventFilter) ([]access.Event, error)
	}
	known map[string]string
}

// remembered bounds how many requests are remembered.
const remembered = 10_000

// Of returns the requester of an event's request, "" of an event about none, or about one
// of which the log does not have the beginning. Errors are the log's.
func (r *Requesters) Of(ctx context.Context, e access.Event) (string, error) {
	if e.RequestID == "" {
		return "", nil
	}
	if who, ok := r.known[e.RequestID]; ok {
		return who, nil
	}
	first := []access.Event{e}
	if e.Kind != access.EventRequestCreated {
		var err error
		if first, err = r.Log.Events(ctx, ledger.EventFilter{RequestID: e.RequestID, Limit: 1}); err != nil {
			return "", err
		}
	}
	who := ""
	if len(first) == 1 && first[0].Kind == access.EventRequestCreated {
		who = first[0].Actor
	}
	if len(r.known) >= remembered || r.known == nil {
		r.known = map[string]string{}
	}
	r.known[e.RequestID] = who
	return who, nil
}
