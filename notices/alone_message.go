package notices

import (
	"context"
	"regexp"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
)

// letterAlone returns what a notice says of an event that concerns no request. Of what the
// event says, only what has the form that Ramp gives it is in the letter: whoever writes to
// the ledger's database has Ramp write no text of theirs (docs/threats.md, case 48).
func (e *Engine) letterAlone(ctx context.Context, ev access.Event, why string, zone *time.Location) (letter, error) {
	l := letter{Link: strings.TrimSuffix(e.config.Pages, "/") + "/", Because: why, Urgent: true}
	add := func(name, text string) {
		if text != "" {
			l.Rows = append(l.Rows, row{Name: name, Text: plaintext.Line(text, 200)})
		}
	}
	when := func() { add("When", readable(ev.At, zone)) }
	switch ev.Kind {
	case access.EventExternalLinked:
		it, err := e.linkOf(ctx, ev)
		if err != nil {
			return l, err
		}
		l.Head, l.Link = "A user of another program was linked to you", l.Link+"you"
		add("You", it.person.ID)
		if it.link != nil {
			add("Program", programName(it.link.Service, it.link.Workspace))
			add("Its user", strings.TrimSpace(it.link.Name+" ("+it.link.User+")"))
		}
		when()
		l.Note = noteOfLink(it)
	case access.EventSinkBehind:
		l.Head = "A receiver of events is behind"
		add("Receiver", formed(sinkName, ev.Detail["sink"]))
		add("It has", "events up to "+formed(number, ev.Detail["after"]))
		when()
		l.Note = "Ramp records what happens all the same. Who watches that receiver sees nothing of it. ramp sinks status says why."
	case access.EventNoticeUndelivered:
		l.Head = "A notice did not arrive"
		if of := access.EventKind(ev.Detail["of"]); of.Known() {
			add("It is of", of.Spec().Phrase)
		}
		if access.IsRequestID(ev.RequestID) {
			add("Request", ev.RequestID)
			l.Link = e.config.link(ev.RequestID)
		}
		when()
		l.Note = "Ramp tries again. Until it has arrived, somebody who must know of this may not."
	case access.EventReviewOverdue:
		l.Head, l.Link = "The weekly review was not made", l.Link+"review"
		if until, err := time.Parse(time.RFC3339, ev.Detail[access.DetailUntil]); err == nil {
			add("Week until", readable(until, zone))
		}
		when()
		l.Note = "Ramp tries again each quarter of an hour, and the server's log says why it fails. Until then nobody is told what was unusual."
	default:
		l.Head = "Alarm: " + ev.Kind.Spec().Phrase
		when()
		l.Note = "The log says more: ramp audit."
	}
	return l, nil
}

// noteOfLink says what the link means, and how its person takes it back.
func noteOfLink(l linked) string {
	const signOut = " Sign out everywhere there, and tell those who look after security: somebody has, or had, your login."
	switch {
	case l.link == nil:
		return "If you did not do this, see on the page about you which users are linked to you, and take back what is not yours." + signOut
	case l.now:
		return "What that user does there counts as done by you. If this was not you, take the link back on the page about you." + signOut
	}
	return "The link was taken back since, and counts no more. If you did neither, open the page about you." + signOut
}

// programName is what people call a program in which users are linked.
func programName(service, workspace string) string {
	if service == string(access.ViaSlack) {
		return "Slack, workspace " + workspace
	}
	return workspace
}

// The forms of what is said of a receiver that is behind: its name, as the configuration of
// sinks and webhooks takes it, and the number of an event.
var (
	sinkName = regexp.MustCompile(`^(webhook:)?[a-z][a-z0-9-]{0,39}$`)
	number   = regexp.MustCompile(`^[0-9]{1,19}$`)
)

// formed returns a text that has a form, and otherwise that it has not.
func formed(form *regexp.Regexp, text string) string {
	ok := form.MatchString(text)
	if !ok {
		return "(not as Ramp writes it)"
	}
	return text
}
