package contracts

import (
	"strconv"

	"ramp.dev/ramp/access"
)

// world returns the facts for a generated question: what is known of the world outside.
type world func(in Input, of []*Contract) []access.Fact

// worldsOf are one in which nothing is known, one in which the requester is on call and
// their ticket is as the contracts want it, and one in which neither is so, where
// contracts ask for any of it.
func worldsOf(of []*Contract) []world {
	nothing := func(Input, []*Contract) []access.Fact { return nil }
	for _, c := range of {
		if c.terms.ticket.System != "" || len(c.schedules()) > 0 {
			return []world{nothing, knownWorld(true), knownWorld(false)}
		}
	}
	return []world{nothing}
}

// knownWorld is one in which every fact is known, and as the contracts want it if good.
func knownWorld(good bool) world {
	return func(in Input, of []*Contract) (out []access.Fact) {
		for _, c := range of {
			for _, question := range c.Questions(in.Request) {
				if access.FindFact(out, question) != nil {
					continue
				}
				f := access.Fact{FactQuestion: question, State: access.FactKnown, At: in.Now, AsOf: &in.Now}
				switch {
				case question.Kind == access.FactOnCall && good:
					f.OnCall = &access.OnCall{People: []string{in.Person.ID}}
				case question.Kind == access.FactOnCall:
					f.OnCall = &access.OnCall{People: []string{}}
				case good:
					f.Ticket = c.terms.ticket.sample(in.Person)
				default:
					f.Ticket = &access.Ticket{Severity: 9, Project: "other", Service: "other", Type: "other", Assignee: "other"}
				}
				out = append(out, f)
			}
		}
		return out
	}
}

// sample returns a ticket of a person's as the contract wants it.
func (t *ticket) sample(p access.Person) *access.Ticket {
	out := &access.Ticket{Open: true, Project: "project", Service: "service", Type: "type", Severity: 1, Assignee: p.ID}
	if t.project != nil {
		out.Project = sample(t.project.String())
	}
	if t.kind != nil {
		out.Type = sample(t.kind.String())
	}
	if t.severity != nil {
		out.Severity, _ = strconv.Atoi(sample(t.severity.String())) // 0, none, where it is no number
	}
	return out
}
