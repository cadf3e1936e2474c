package contracts

import (
	"strconv"
	"unicode/utf8"

	"ramp.dev/ramp/access"
)

const maxTicket = 100 // characters

// ticket says whether a request needs a ticket, what one looks like, and what must be
// true of it in the system that keeps it.
type ticket struct {
	Required            bool   `yaml:"required"`
	When                string `yaml:"when" schema:"maxLength=2000"`
	Pattern             string `yaml:"pattern"`
	System              string `yaml:"system" schema:"pattern=^([a-z][a-z0-9-]{0,39})?$"`
	Open                bool   `yaml:"open"`
	AssignedToRequester bool   `yaml:"assignedToRequester"`
	Project             string `yaml:"project"`
	Type                string `yaml:"type"`
	Severity            string `yaml:"severity"`

	when                             *condition
	pattern, project, kind, severity *pattern
}

// fieldTicketWhen names the condition in the trace.
const fieldTicketWhen = "request.ticket.when"

func (*ticket) section() string { return "request.ticket" }

func (t *ticket) check(d *document) {
	t.when = d.condition(t.When, "request", "ticket", "when")
	t.pattern = d.pattern(t.Pattern, "request", "ticket", "pattern")
	t.project = d.pattern(t.Project, "request", "ticket", "project")
	t.kind = d.pattern(t.Type, "request", "ticket", "type")
	t.severity = d.pattern(t.Severity, "request", "ticket", "severity")
	if t.System != "" && !sourceName.MatchString(t.System) {
		d.issue("ticket_system", "system is the name of a source in server.facts: lowercase letters, digits and dashes, a letter first, 40 at most", "request", "ticket", "system")
	}
	for _, field := range []string{"open", "assignedToRequester", "project", "type", "severity"} {
		if t.System == "" && d.written("request", "ticket", field) {
			d.issue("ticket_system_missing", "say which system knows the ticket: system: NAME, a source in server.facts", "request", "ticket", field)
		}
	}
}

// admit asks for a ticket too when the condition could not be evaluated.
func (t *ticket) admit(q *query) {
	needed := t.Required
	if t.when != nil {
		needed = q.evaluate(fieldTicketWhen, t.when) != NotSatisfied || needed
	}
	text := q.Request.Ticket
	switch {
	case text == "" && needed:
		q.refuse("ticket_missing", "ticket", "this request needs a ticket")
	case text != "" && t.malformed(text):
		q.refuse("ticket_malformed", "ticket", "%q is not a ticket%s", access.Clip(text, 40), t.form())
	case text != "" && t.System != "":
		t.admitKnown(q)
	}
	q.draft.Ticket = text
}

func (t *ticket) malformed(text string) bool {
	return utf8.RuneCountInString(text) > maxTicket || hidden(text) || t.pattern != nil && !t.pattern.matches(text)
}

// question returns what is asked about a request's ticket, and whether anything is.
func (t *ticket) question(text string) (access.FactQuestion, bool) {
	return access.FactQuestion{Kind: access.FactTicket, Source: t.System, Key: text}, t.System != "" && text != "" && !t.malformed(text)
}

// admitKnown holds the ticket against what its system says. A ticket of which nothing
// could be known refuses, except to break glass: an emergency does not wait until the
// system is up again.
func (t *ticket) admitKnown(q *query) {
	question, _ := t.question(q.Request.Ticket)
	step := Step{Field: "request.ticket.system", Expression: question.Key + " is in " + question.Source, Result: Unevaluated, Detail: q.facts(reading{ticket: true})}
	f := access.FindFact(q.Facts, question)
	switch {
	case f == nil || f.State != access.FactAbsent && (f.State != access.FactKnown || f.Ticket == nil):
		q.result.Trace = append(q.result.Trace, step)
		if !q.Request.BreakGlass {
			q.refuseAtOnce(CouldNotEvaluate, "ticket_unknown", "%s, so this is refused; in an emergency break glass, if the contract has it", step.Detail)
		}
		return
	case f.State == access.FactAbsent:
		step.Result = NotSatisfied
		q.refuse("ticket_absent", "ticket", "there is no ticket %s in %s", question.Key, question.Source)
	default:
		step.Result = Satisfied
	}
	q.result.Trace = append(q.result.Trace, step)
	if step.Result == Satisfied {
		t.admitAs(q, *f)
	}
}

// admitAs refuses a ticket that is not as the contract wants it.
func (t *ticket) admitAs(q *query, f access.Fact) {
	hold := func(asked, holds bool, field, want, code, message string) {
		if !asked {
			return
		}
		step := Step{Field: "request.ticket." + field, Expression: want, Result: Satisfied, Detail: f.String()}
		if !holds {
			step.Result = NotSatisfied
			q.refuse(code, "ticket", "%s %s", f.Key, message)
		}
		q.result.Trace = append(q.result.Trace, step)
	}
	hold(t.Open, f.Ticket.Open, "open", "it is open", "ticket_closed", "is closed; name a ticket that is open")
	hold(t.AssignedToRequester, f.AssignedTo(q.Person), "assignedToRequester", "it is assigned to the requester", "ticket_not_yours", "is not assigned to you")
	severity := ""
	if f.Ticket.Severity != 0 {
		severity = strconv.Itoa(f.Ticket.Severity)
	}
	like := func(p *pattern, text, field, code string) {
		if p != nil {
			hold(true, text != "" && p.matches(text), field, p.String(), code, "is of the "+field+" "+strconv.Quote(text)+"; it must match "+p.String())
		}
	}
	like(t.project, f.Ticket.Project, "project", "ticket_project")
	like(t.kind, f.Ticket.Type, "type", "ticket_type")
	like(t.severity, severity, "severity", "ticket_severity")
}

func (t *ticket) form() string {
	if t.pattern == nil {
		return ""
	}
	return "; it must match " + t.pattern.String()
}

func (t *ticket) offer(o *Offer) {
	switch {
	case t.Required:
		o.Ticket = "always"
	case t.when != nil:
		o.Ticket = "sometimes"
	default:
		o.Ticket = "never"
	}
	o.TicketSystem = t.System
}
