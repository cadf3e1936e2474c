package contracts

import (
	"time"

	"ramp.dev/ramp/access"
)

// testFact is what the world outside says in a test: of a ticket, or of a schedule.
// What a test does not say is not known.
type testFact struct {
	Ticket   string   `yaml:"ticket"`
	Open     bool     `yaml:"open"`
	Project  string   `yaml:"project"`
	Service  string   `yaml:"service"`
	Type     string   `yaml:"type"`
	Severity number   `yaml:"severity"`
	Assignee string   `yaml:"assignee"`
	OnCall   string   `yaml:"onCall"` // the schedule
	People   []string `yaml:"people"`
	Absent   bool     `yaml:"absent"`  // there is no such ticket or schedule
	Unknown  string   `yaml:"unknown"` // why it could not be known
}

// askedAt returns what a test says of schedules, as the server would ask it when somebody
// decides. A test says it once: nobody hands over between its request and its decisions.
func askedAt(facts []access.Fact, at time.Time) (out []access.Fact) {
	for _, f := range facts {
		if f.Kind != access.FactOnCall {
			continue
		}
		f.At = at
		if f.AsOf != nil {
			f.AsOf = &at
		}
		out = append(out, f)
	}
	return out
}

func (t testFact) parse(d *document, c *Contract, asked time.Time, path ...any) access.Fact {
	f := access.Fact{FactQuestion: onCallQuestion(t.OnCall), State: access.FactKnown, At: asked, AsOf: &asked}
	switch {
	case (t.Ticket == "") == (t.OnCall == ""):
		d.issue("test_fact", "a fact is about a ticket or a schedule: write ticket or onCall", path...)
	case t.Ticket != "" && len(t.People) > 0, t.OnCall != "" && (t.Open || t.Project != "" || t.Service != "" || t.Type != "" || t.Severity != 0 || t.Assignee != ""):
		d.issue("test_fact", "a schedule has people; a ticket has open, project, service, type, severity and assignee", path...)
	}
	if t.Ticket != "" {
		f.FactQuestion = access.FactQuestion{Kind: access.FactTicket, Key: t.Ticket}
		if c != nil {
			f.Source = c.terms.ticket.System
		}
	}
	switch {
	case t.Unknown != "":
		f.State, f.Why, f.AsOf = access.FactUnknown, t.Unknown, nil
	case t.Absent:
		f.State = access.FactAbsent
	case t.Ticket != "":
		f.Ticket = &access.Ticket{Open: t.Open, Project: t.Project, Service: t.Service, Type: t.Type, Severity: int(t.Severity), Assignee: t.Assignee}
	default:
		f.OnCall = &access.OnCall{People: append([]string{}, t.People...)}
	}
	return f
}
