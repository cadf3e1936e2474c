package notices

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/channel"
	"ramp.dev/ramp/notices/ticket"
)

// ticketChannel is the name of the channel that comments on the request's ticket.
const ticketChannel = "ticket"

// whyTicket is why a ticket hears of an event.
const whyTicket = "the request names this ticket"

// commented are the events of which a ticket gets a comment, each once in a request, with
// the states in which they may have happened; any, if there are none.
func commented() map[access.EventKind][]access.State {
	return map[access.EventKind][]access.State{
		access.EventRequestCreated: {}, access.EventGlassBroken: {},
		access.EventRequestScheduled: {}, access.EventRequestDenied: {access.StateDenied},
		access.EventRequestCancelled: {access.StateCancelled}, access.EventRequestLapsed: {access.StateLapsed},
		access.EventRequestFailed: {access.StateFailed}, access.EventAccessActive: {access.StateActive, access.StateEnding, access.StateEnded},
		access.EventAccessEnded: {access.StateEnded},
	}
}

// ticketOf returns the address of the ticket that a request names, if its system is one
// that is commented in and said, in the signed plan, that it has the ticket. A text that
// somebody else wrote as a ticket leads to no other one.
func (c Config) ticketOf(r access.Request) string {
	for _, f := range r.Plan.Facts {
		_, configured := c.Tickets[f.Source]
		if f.Kind == access.FactTicket && f.State == access.FactKnown && f.Key == r.Plan.Ticket && f.Key != "" && configured {
			return ticket.Address(f.Source, f.Key)
		}
	}
	return ""
}

// comment returns the comment that an event makes on the request's ticket.
func (c Config) comment(ev access.Event, r access.Request, now time.Time) []ledger.Notice {
	address := c.ticketOf(r)
	if _, is := commented()[ev.Kind]; !is || address == "" {
		return nil
	}
	return []ledger.Notice{{ID: commentID(r.ID, ev.Kind, address), Seq: ev.Seq, RequestID: r.ID, Kind: ev.Kind, Channel: ticketChannel,
		Address: address, Why: whyTicket, CreatedAt: now, DueAt: now}}
}

// commentID is one for each kind of event of a request, so that no row of the outbox,
// whoever wrote it, makes a second comment.
func commentID(request string, k access.EventKind, address string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{request, string(k), ticketChannel, address}, "\n")))
	return hex.EncodeToString(sum[:16])
}

// isComment reports whether a row of the outbox is a comment that Ramp makes: on the
// ticket in the signed plan, of something that may have happened.
func (c Config) isComment(n ledger.Notice, r access.Request) bool {
	address := c.ticketOf(r)
	states, is := commented()[n.Kind]
	return is && address != "" && n.Address == address && n.ID == commentID(r.ID, n.Kind, address) &&
		(len(states) == 0 || slices.Contains(states, r.State)) && (n.Kind != access.EventGlassBroken || r.Plan.BreakGlass != nil)
}

// composeComment writes the comment. Everybody who sees the ticket reads it: it has no
// reason, no person's address and nothing of how to connect.
func (c Config) composeComment(n ledger.Notice, r access.Request) channel.Message {
	head := plaintext.Line(headline(ledger.Notice{Kind: n.Kind}, r), 200)
	var b strings.Builder
	fmt.Fprintf(&b, "Ramp: %s.\n", head)
	row := func(name, text string) { fmt.Fprintf(&b, "%-10s %s\n", name+":", plaintext.Line(text, 300)) }
	row("Request", r.ID)
	if n.Kind == access.EventRequestCreated {
		row("Plan", r.Plan.Digest) // people who decide in a comment of theirs name both
	}
	row("Requester", r.Requester.Label())
	for _, g := range r.Plan.Grants {
		row("Access", g.Scope.Summary+" on "+g.Target)
	}
	if detail := inDetail(r.Plan); detail != "" && n.Kind == access.EventRequestCreated {
		row("In detail", detail)
	}
	switch {
	case r.Plan.Lasting():
		if r.ActiveAt != nil {
			row("In force", "since "+readable(*r.ActiveAt, time.UTC))
		}
	case r.EndedAt != nil:
		row("Ended", readable(*r.EndedAt, time.UTC))
	case r.ExpiresAt != nil:
		row("Ends", readable(*r.ExpiresAt, time.UTC))
	default:
		row("Duration", r.Plan.Duration.String())
	}
	for _, what := range r.Altered {
		row("WARNING", "the ledger does not say what was signed: "+what)
	}
	b.WriteString(c.link(n.RequestID) + "\n")
	return channel.Message{ID: n.ID, Thread: "request." + n.RequestID, Subject: head, Text: b.String()}
}
