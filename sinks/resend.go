package sinks

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Sender gives a receiver events and returns how many of them it has for good, counted
// from the first.
type Sender func(ctx context.Context, events []access.Event) (taken int, err error)

// Resend sends the events from one number to another again, both included, and returns how
// many the receiver has taken. It leaves the receiver's cursor where it is. Errors are of code
// invalid for a range that the log does not have, evidence where an event is missing from
// the log, and the receiver's.
func Resend(ctx context.Context, send Sender, log Log, from, to int64) (sent int64, err error) {
	if from < 1 || to < from {
		return 0, access.Errorf(access.CodeInvalid, "events are numbered from 1: from %d to %d is no range", from, to)
	}
	for next := from; next <= to; {
		events, err := log.Events(ctx, ledger.EventFilter{After: next - 1, Limit: int(min(resendBatch, to-next+1))})
		if err != nil {
			return sent, err
		}
		if len(events) == 0 || events[0].Seq != next {
			return sent, access.Errorf(access.CodeEvidence, "event %d is not in the log", next)
		}
		for i, e := range events {
			if e.Seq != next+int64(i) {
				events = events[:i]
				break
			}
		}
		taken, err := send(ctx, events)
		sent += int64(taken)
		if err != nil {
			return sent, err
		}
		next += int64(len(events))
	}
	return sent, nil
}

// resendBatch is how many events are read at once.
const resendBatch = 1000
