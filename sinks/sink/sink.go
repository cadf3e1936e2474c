// Package sink has what every kind of sink is to the rest of Ramp: something that takes
// events, in order, and says which it has.
package sink

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Message is one event as it leaves.
type Message struct {
	Seq       int64 // its number in the log
	At        time.Time
	Kind      access.EventKind
	RequestID string
	Severity  Severity
	Body      []byte // a CloudEvent as JSON, in one line, without the line's end
}

// Anchor returns the largest checkpoint of the log that a server has signed, with the
// signature verified, and how many events it is of. Errors are of code not_found if there
// is none, evidence for one that no trusted server has signed, and the ledger's.
type Anchor func(ctx context.Context) (size int64, signed string, err error)

// Severity is how loud an event is.
type Severity int

const (
	Informational Severity = iota
	Warning                // an act was refused, or something did not succeed
	Alert                  // somebody should look at once
)

// Sink is one receiver of events. A sink is used by one goroutine at a time.
type Sink interface {
	// Send gives the receiver messages, at least one, in the order of their numbers. It
	// returns how many of them the receiver has for good, counted from the first: all,
	// unless there is an error. Of the others none, some or all may have arrived; they
	// are sent again, with the same numbers. Errors have no address and no secret in
	// them.
	Send(ctx context.Context, messages []Message) (taken int, err error)
	// Ping asks whether the receiver can be used, and sends no event.
	Ping(ctx context.Context) error
	// Batch returns how many messages Send is given at once, at most, and for how long
	// the first of them waits for more.
	Batch() (most int, linger time.Duration)
}

// SeverityOf returns how loud a kind is.
func SeverityOf(k access.EventKind) Severity {
	switch {
	case k.Urgent(), k == access.EventNoticeUndelivered, k == access.EventSinkBehind, k == access.EventLogUnwitnessed, k == access.EventReviewOverdue:
		return Alert
	case k.Refusal(), k.Spec().OCSF.Failure:
		return Warning
	}
	return Informational
}
