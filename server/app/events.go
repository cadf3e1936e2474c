package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// eventLedger reads events in the order of the log.
type eventLedger interface {
	Events(ctx context.Context, f ledger.EventFilter) ([]access.Event, error)
	LastSeq(ctx context.Context) (int64, error)
}

// events tells people what happens, as far as they may see it.
type events struct {
	ledger   eventLedger
	requests *requests
}

// Events returns what happened after a number, as far as p may see it, and the
// number to go on from.
func (v *events) Events(ctx context.Context, p access.Person, after int64) ([]access.Event, int64, error) {
	all, err := v.ledger.Events(ctx, ledger.EventFilter{After: after})
	if err != nil {
		return nil, after, err
	}
	var out []access.Event
	visible := map[string]bool{}
	for _, e := range all {
		after = e.Seq
		if e.RequestID == "" {
			if e.Actor == p.ID || v.requests.roles.isOperator(p) {
				out = append(out, e)
			}
			continue
		}
		show, known := visible[e.RequestID]
		if !known {
			_, err := v.requests.Request(ctx, p, e.RequestID)
			show = err == nil
			visible[e.RequestID] = show
		}
		if show {
			out = append(out, e)
		}
	}
	return out, after, nil
}

// LastEvent returns the number of the latest event, from which a new reader
// follows.
func (v *events) LastEvent(ctx context.Context) (int64, error) { return v.ledger.LastSeq(ctx) }
