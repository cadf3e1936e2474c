package contracts

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ramp.dev/ramp/access"
)

// endWhen is under which conditions on the world outside access ends before its time. They
// are looked at for as long as access lasts, as they are in the signed plan.
type endWhen struct {
	EndWhen []endCondition `yaml:"endWhen" schema:"maxItems=5"`
}

type endCondition struct {
	If         string `yaml:"if" schema:"required minLength=1 maxLength=2000"`
	Because    string `yaml:"because" schema:"required minLength=1 maxLength=200 name"`
	Unknown    string `yaml:"unknown" schema:"enum=end|keep|"`
	UnknownFor string `yaml:"unknownFor" schema:"duration"`

	condition  *condition
	unknownFor access.Duration // 0: what is not known does not end access
}

const (
	maxEndConditions = 5
	maxBecause       = 200 // characters
	// defaultUnknownFor is how long a source may be out of reach before access ends.
	defaultUnknownFor = access.Duration(10 * time.Minute)
	// Less than the least would end access when a source is started anew.
	leastUnknownFor, mostUnknownFor = access.Duration(time.Minute), access.Duration(24 * time.Hour)
)

func (*endWhen) section() string { return "" }

// fieldEndWhen names a condition in the trace.
func fieldEndWhen(i int) string { return fmt.Sprintf("endWhen[%d].if", i) }

func (e *endWhen) check(d *document) {
	if len(e.EndWhen) > maxEndConditions {
		d.issue("end_when", fmt.Sprintf("endWhen has %d conditions at the most; join some by ||", maxEndConditions), "endWhen")
	}
	for i := range e.EndWhen {
		e.EndWhen[i].check(d, "endWhen", i)
	}
}

func (c *endCondition) check(d *document, path ...any) {
	at := func(field string) []any { return append(slices.Clone(path), field) }
	switch text := strings.TrimSpace(c.Because); {
	case text == "" || utf8.RuneCountInString(c.Because) > maxBecause:
		d.issue("end_because", fmt.Sprintf("say in a few words why access then ends, such as because: the ticket was closed; %d characters at the most", maxBecause), at("because")...)
	case misleadingName(c.Because) != "":
		d.issue("end_because", misleadingName(c.Because), at("because")...)
	}
	c.checkUnknown(d, at)
	if c.If == "" {
		d.issue("end_if", "say under which condition access ends, such as if: '!ticket.open'", at("if")...)
		return
	}
	if c.condition = d.condition(c.If, at("if")...); c.condition == nil {
		return
	}
	switch tree := c.condition.tree.Expr(); {
	case c.condition.readsHistory, readsVariable(tree, "now"):
		d.issue("end_if", "a condition that ends access reads neither now nor history: duration, during and limits bound its time", at("if")...)
	case !c.condition.reads.any():
		d.issue("end_if", "nothing that this reads changes while access lasts; read the ticket (ticket.open) or who is on call (oncall)", at("if")...)
	}
}

func (c *endCondition) checkUnknown(d *document, at func(string) []any) {
	switch c.Unknown {
	case "", "end":
		c.unknownFor = defaultUnknownFor
	case "keep":
		if c.UnknownFor != "" {
			d.issue("end_unknown", "unknown: keep says that what is not known never ends access; leave unknownFor out", at("unknownFor")...)
		}
		return
	default:
		d.issue("end_unknown", "unknown is end or keep", at("unknown")...)
		return
	}
	if !d.written(at("unknownFor")...) {
		return
	}
	if c.unknownFor = d.length(c.UnknownFor, at("unknownFor")...); c.unknownFor != 0 && (c.unknownFor < leastUnknownFor || c.unknownFor > mostUnknownFor) {
		d.issue("end_unknown", fmt.Sprintf("unknownFor is %s to %s", leastUnknownFor, mostUnknownFor), at("unknownFor")...)
	}
}

// any reports whether an expression reads anything of the world outside.
func (r reading) any() bool { return r.ticket || len(r.schedules) > 0 }

// admit refuses access that would end at once, and access without the ticket with which
// it ends. What is not known yet may be known once access is open.
func (e *endWhen) admit(q *query) {
	for i := range e.EndWhen {
		c := &e.EndWhen[i]
		switch q.evaluate(fieldEndWhen(i), c.condition) {
		case Satisfied:
			q.refuse("ends_at_once", "", "access would end at once: %s", c.Because)
		case Unevaluated:
			if c.condition.reads.ticket && q.Request.Ticket == "" {
				q.refuse("ticket_missing", "ticket", "this request needs a ticket: access ends as soon as %s", c.Because)
			}
		}
	}
}

// plan puts the conditions into the plan, with what each asks. One that asks nothing about
// this request, such as about a ticket where none is given, cannot become true.
func (e *endWhen) plan(q *query) {
	for i := range e.EndWhen {
		c := &e.EndWhen[i]
		planned := c.planned()
		if question, asks := q.contract.terms.ticket.question(q.Request.Ticket); asks && c.condition.reads.ticket {
			planned.Asks = append(planned.Asks, question)
		}
		for _, name := range c.condition.reads.schedules {
			planned.Asks = append(planned.Asks, onCallQuestion(name))
		}
		if len(planned.Asks) > 0 {
			q.draft.EndWhen = append(q.draft.EndWhen, planned)
		}
	}
}

// planned is the condition as plans have it, without its questions.
func (c *endCondition) planned() access.EndCondition {
	return access.EndCondition{If: c.If, Because: c.Because, UnknownFor: c.unknownFor}
}

func (e *endWhen) offer(o *Offer) {
	for i := range e.EndWhen {
		o.EndWhen = append(o.EndWhen, e.EndWhen[i].planned().InWords())
		if e.EndWhen[i].condition.reads.ticket && o.Ticket == "never" {
			o.Ticket = "sometimes" // or there would be no field for it
		}
	}
}

func (*endWhen) explain(p access.Plan) (lines []Line) {
	for _, c := range p.EndWhen {
		lines = append(lines, Line{"ends early", c.String()})
	}
	return lines
}
