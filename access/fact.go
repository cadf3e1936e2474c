package access

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// FactKind is a kind of question that contracts ask of the world outside of Ramp.
type FactKind string

const (
	FactTicket FactKind = "ticket"
	FactOnCall FactKind = "oncall"
)

// OnCallSource is the name of the source that knows who is on call. Contracts name
// the source of tickets themselves.
const OnCallSource = "oncall"

// FactQuestion asks one source about one thing.
type FactQuestion struct {
	Kind   FactKind `json:"kind"`
	Source string   `json:"source"` // its name in the configuration
	Key    string   `json:"key"`    // of the ticket, or the name of the schedule
}

// FactState says whether a source knows what it was asked. What could not be known is
// taken neither for true nor for false.
type FactState string

const (
	FactKnown   FactState = "known"
	FactAbsent  FactState = "absent"  // the source says that there is no such ticket or schedule
	FactUnknown FactState = "unknown" // the source did not respond, or is not believed
)

// Fact is what a source said, as of one moment. Of the last two fields the kind's own
// is set, and only if the fact is known.
type Fact struct {
	FactQuestion
	State FactState `json:"state"`
	Why   string    `json:"why,omitempty"` // why it could not be known
	At    time.Time `json:"at"`            // UTC, when Ramp asked
	// AsOf is how new the source's own knowledge was, in UTC; nil if it is not known.
	AsOf   *time.Time `json:"asOf,omitempty"`
	Ticket *Ticket    `json:"ticket,omitempty"`
	OnCall *OnCall    `json:"onCall,omitempty"`
}

// Ticket is what a source knows of a ticket. What it does not know is empty.
type Ticket struct {
	Open     bool   `json:"open"`
	Project  string `json:"project,omitempty"`
	Service  string `json:"service,omitempty"` // what it is about: the source's name of a service, or its id
	Type     string `json:"type,omitempty"`
	Severity int    `json:"severity,omitempty"` // 1 is the most severe
	Assignee string `json:"assignee,omitempty"` // a person's id or e-mail address
}

// OnCall is who is on call for a schedule.
type OnCall struct {
	People []string   `json:"people"`          // ids or e-mail addresses
	Until  *time.Time `json:"until,omitempty"` // UTC, when that changes; nil if it is not known
}

// named reports whether a source means a person by an id or an e-mail address: the id
// of the account or of the human behind it, or the address, if it is verified. What gives
// something compares exactly; of an address, ASCII letters of either case are one.
func (p Person) named(by string) bool {
	return by != "" && (by == p.ID || by == p.HumanID() || p.EmailVerified && lowerASCII(by) == lowerASCII(p.Email))
}

// lowerASCII returns a text with its ASCII letters in lower case, and all else as it is.
func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// AssignedTo reports whether the fact is a ticket that is assigned to a person.
func (f Fact) AssignedTo(p Person) bool {
	return f.State == FactKnown && f.Ticket != nil && p.named(f.Ticket.Assignee)
}

// HasOnCall reports whether the fact says that a person is on call at a time.
func (f Fact) HasOnCall(p Person, at time.Time) bool {
	return f.State == FactKnown && f.OnCall != nil && (f.OnCall.Until == nil || at.Before(*f.OnCall.Until)) &&
		slices.ContainsFunc(f.OnCall.People, p.named)
}

// FindFact returns the fact that replies to a question; nil if there is none.
func FindFact(facts []Fact, q FactQuestion) *Fact {
	for i := range facts {
		if facts[i].FactQuestion == q {
			return &facts[i]
		}
	}
	return nil
}

// String returns the fact in words, with its age.
func (f Fact) String() string {
	switch {
	case f.State == FactAbsent:
		return fmt.Sprintf("%s has no %s %s%s", f.Source, f.Kind.noun(), f.Key, f.age())
	case f.State == FactKnown && f.Ticket != nil:
		return fmt.Sprintf("%s in %s: %s%s", f.Key, f.Source, f.Ticket, f.age())
	case f.State == FactKnown && f.OnCall != nil:
		return fmt.Sprintf("on call for %s: %s%s", f.Key, f.OnCall, f.age())
	}
	return fmt.Sprintf("%s %s could not be known: %s", f.Kind.noun(), f.Key, f.Why)
}

func (k FactKind) noun() string {
	if k == FactOnCall {
		return "schedule"
	}
	return string(k)
}

// age returns how old the fact was when Ramp asked, in words.
func (f Fact) age() string {
	if f.AsOf == nil {
		return ""
	}
	if age := f.At.Sub(*f.AsOf).Round(time.Second); age >= time.Second {
		return fmt.Sprintf(" (as of %s, %s old)", FormatTime(*f.AsOf), Duration(age))
	}
	return fmt.Sprintf(" (as of %s)", FormatTime(*f.AsOf))
}

// String returns the ticket in words.
func (t Ticket) String() string {
	words := []string{"closed"}
	if t.Open {
		words[0] = "open"
	}
	if t.Type != "" {
		words = append(words, "type "+t.Type)
	}
	if t.Severity != 0 {
		words = append(words, fmt.Sprintf("severity %d", t.Severity))
	}
	if t.Project != "" {
		words = append(words, "project "+t.Project)
	}
	if t.Service != "" {
		words = append(words, "service "+t.Service)
	}
	if t.Assignee != "" {
		return strings.Join(append(words, "assigned to "+t.Assignee), ", ")
	}
	return strings.Join(append(words, "assigned to nobody"), ", ")
}

// String returns who is on call in words.
func (o OnCall) String() string {
	who := strings.Join(o.People, ", ")
	if who == "" {
		who = "nobody"
	}
	if o.Until != nil {
		who += " until " + FormatTime(*o.Until)
	}
	return who
}
