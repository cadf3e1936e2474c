package notices

import (
	"fmt"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/channel"
)

// headline says in a few words what a notice is about.
func headline(k access.EventKind, r access.Request) string {
	who, what := r.Requester.Label(), r.Contract
	if r.Plan.Lasting() {
		switch k {
		case access.EventAccessActive:
			return fmt.Sprintf("what %s proposed under %s is in force", who, what)
		case access.EventAccessEnded:
			return fmt.Sprintf("%s of %s is over; what it took into force stays", what, who)
		}
	}
	switch k {
	case access.EventRequestCreated:
		return fmt.Sprintf("%s asks for %s", who, what)
	case access.EventExtensionAsked:
		if r.Asked != nil {
			return fmt.Sprintf("%s asks for %s more of %s", who, r.Asked.Order.Adds, what)
		}
	case access.EventRequestScheduled:
		return fmt.Sprintf("%s is approved, and opens later", what)
	case access.EventAccessActive:
		return fmt.Sprintf("%s is open", what)
	case access.EventRequestDenied:
		return fmt.Sprintf("%s was denied", what)
	case access.EventRequestLapsed:
		return fmt.Sprintf("%s: nobody decided in time", what)
	case access.EventRequestFailed:
		return fmt.Sprintf("%s could not be opened", what)
	case access.EventAccessEnded:
		return fmt.Sprintf("%s is over, proven gone", what)
	case access.EventGlassReviewed:
		return fmt.Sprintf("your use of break glass under %s was reviewed", what)
	case access.EventGlassBroken:
		return fmt.Sprintf("BREAK GLASS: %s opened %s, and nobody approved it", who, what)
	case access.EventAccessOverdue:
		return fmt.Sprintf("OVERDUE: %s of %s is not closed yet", what, who)
	}
	return fmt.Sprintf("%s of %s: %s", what, who, k.Spec().Phrase)
}

// compose writes a notice as it is now. What people wrote is left out unless the
// configuration has it in.
func (c Config) compose(n ledger.Notice, r access.Request) channel.Message {
	head := plaintext.Line(headline(n.Kind, r), 120)
	if n.Why == whyEnds {
		head = plaintext.Line(r.Contract+" ends soon", 120)
	}
	var b strings.Builder
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-13s %s\n", name+":", plaintext.Line(text, 500))
		}
	}
	fmt.Fprintf(&b, "%s.\n\n", strings.ToUpper(head[:1])+head[1:])
	row("Requester", r.Requester.Label()+" ("+r.Requester.ID+")")
	row("Contract", r.Contract)
	for _, g := range r.Plan.Grants {
		row("Access", g.Scope.Summary+" on "+g.Target)
	}
	if !r.Plan.Lasting() {
		row("Duration", r.Plan.Duration.String())
	}
	if c.Reasons {
		row("Reason", r.Plan.Reason)
	}
	switch {
	case n.Kind == access.EventRequestCreated:
		row("Decide until", access.FormatTime(r.Plan.PendingUntil))
	case n.Kind == access.EventExtensionAsked && asks(r):
		if c.Reasons {
			row("To extend", r.Asked.Order.Reason)
		}
		row("Ends", access.FormatTime(r.Asked.Order.From))
		row("It would end", access.FormatTime(r.Asked.Until))
		row("Decide until", access.FormatTime(r.Asked.Order.From))
	case n.Kind == access.EventGlassBroken && r.Plan.BreakGlass != nil:
		row("Review until", access.FormatTime(r.Plan.BreakGlass.ReviewBy))
	case n.Kind == access.EventRequestScheduled && r.Plan.StartAt != nil:
		row("Starts", access.FormatTime(*r.Plan.StartAt))
	case r.Plan.Lasting() && r.ActiveAt != nil:
		row("In force", "since "+access.FormatTime(*r.ActiveAt)+", until another request replaces it")
	case r.EndedAt != nil:
		row("Ended", access.FormatTime(*r.EndedAt))
		if r.Outcome == access.OutcomeCondition {
			row("Because", endsBecause(r.Plan))
		}
	case r.ExpiresAt != nil:
		row("Ends", access.FormatTime(*r.ExpiresAt))
	}
	if n.Why == whyEnds {
		b.WriteString("\nSave your work, extend it, or hand it back.\n")
	}
	for _, what := range r.Altered {
		row("WARNING", "the ledger does not say what was signed: "+what)
	}
	fmt.Fprintf(&b, "\n%s\n\nYou hear of this because %s. Decide, extend and release there, logged in; a notice carries no credential, and Ramp asks for none by mail.\n", c.link(n.RequestID), n.Why)
	return channel.Message{ID: n.ID, Thread: "request." + n.RequestID, Subject: "[Ramp] " + head, Text: b.String(), Urgent: n.Urgent}
}

// endsBecause returns why the conditions of a plan end access: of several, one of them did.
func endsBecause(p access.Plan) string {
	var reasons []string
	for _, c := range p.EndWhen {
		reasons = append(reasons, c.Because)
	}
	return strings.Join(reasons, ", or ")
}
