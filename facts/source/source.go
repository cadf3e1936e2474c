// Package source is what every source of facts has in common: what it is asked and what
// it replies, how it is configured, how Ramp calls it, and how its users become people of
// Ramp.
//
// Typical usage, in the package of one service:
//
//	client, err := c.Open(dialect)
//	found, err := client.Get(ctx, "/schedules/"+url.PathEscape(id), &reply)
//	who := c.Person(reply.User.ID, reply.User.Email)
package source

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Reply is what a source knows of one thing. Absent, or the kind's own field, is set.
type Reply struct {
	Absent bool // there is no such ticket or schedule
	AsOf   time.Time
	Ticket *access.Ticket
	OnCall *access.OnCall
}

// Source replies to questions of the kinds that it knows. It is safe for concurrent use.
type Source interface {
	// Ask returns what is known of a key. An error is why nothing is known; it is shown
	// to people and logged, so it holds no secret.
	Ask(ctx context.Context, kind access.FactKind, key string) (Reply, error)
}

// Service is a source that is a service on the network.
type Service interface {
	Source
	// Ping returns what keeps Ramp from being told what contracts may ask: the service
	// is away, its token is refused or may not read something.
	Ping(ctx context.Context) error
	// ClocksApart returns how far its clock is from this machine's, after a call.
	ClocksApart() time.Duration
}

// Commenter is a service of tickets that takes comments.
type Commenter interface {
	Service
	// Comment writes a comment on a ticket, unless the ticket has one with the mark. A
	// call whose response was lost may be made again. An error of code not found says that
	// there is no such ticket.
	Comment(ctx context.Context, key, mark, text string) error
	// PingComments returns what keeps Ramp from writing comments.
	PingComments(ctx context.Context) error
}

// WrongKind returns the error for a question that a service does not know.
func WrongKind(service string, kind access.FactKind) error {
	what := "tickets"
	if kind == access.FactOnCall {
		what = "schedules"
	}
	return access.Errorf(access.CodeUnavailable, "%s is asked about no %s", service, what)
}
