package contracts

import (
	"unicode/utf8"

	"ramp.dev/ramp/access"
)

const maxTicket = 100 // characters

// ticket says whether a request needs a ticket, and what one looks like.
type ticket struct {
	Required bool   `yaml:"required"`
	When     string `yaml:"when" schema:"maxLength=2000"`
	Pattern  string `yaml:"pattern"`

	when    *condition
	pattern *pattern
}

// fieldTicketWhen names the condition in the trace.
const fieldTicketWhen = "request.ticket.when"

func (*ticket) section() string { return "request.ticket" }

func (t *ticket) check(d *document) {
	t.when = d.condition(t.When, "request", "ticket", "when")
	t.pattern = d.pattern(t.Pattern, "request", "ticket", "pattern")
}

// admit asks for a ticket too when the condition could not be evaluated.
func (t *ticket) admit(q *query) {
	needed := t.Required
	if t.when != nil {
		needed = q.evaluate(fieldTicketWhen, t.when) != NotSatisfied || needed
	}
	text := q.Request.Ticket
	malformed := utf8.RuneCountInString(text) > maxTicket || hidden(text) || t.pattern != nil && !t.pattern.matches(text)
	switch {
	case text == "" && needed:
		q.refuse("ticket_missing", "ticket", "this request needs a ticket")
	case text != "" && malformed:
		q.refuse("ticket_malformed", "ticket", "%q is not a ticket%s", access.Clip(text, 40), t.form())
	}
	q.draft.Ticket = text
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
}
