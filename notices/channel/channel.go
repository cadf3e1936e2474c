// Package channel defines what carries a notice: mail, or another service.
package channel

import (
	"context"
	"errors"
)

// Message is one notice as it is sent.
type Message struct {
	// ID is the same for every try: a service that knows it shows the message once.
	ID      string
	Thread  string // the same for every message about one request
	Subject string
	Text    string
	HTML    string // the same for those who read HTML; empty: there is none
	Urgent  bool
}

// Channel sends messages. It is safe for concurrent use.
type Channel interface {
	// Send sends a message to one address, and returns once the service has it. It may
	// have it also after an error. An error that IsRefused says that no later try can
	// succeed.
	Send(ctx context.Context, address string, m Message) error
	// Ping asks whether the service can be used, and sends nothing.
	Ping(ctx context.Context) error
}

type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// Refused marks an error as one that no later try can undo.
func Refused(err error) error { return refused{err} }

// IsRefused reports whether an error was marked so.
func IsRefused(err error) bool {
	var r refused
	return errors.As(err, &r)
}
