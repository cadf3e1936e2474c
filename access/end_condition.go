package access

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// EndCondition is a condition on the world outside under which access ends before its
// time. It is part of what approvers approve: nothing of a newer contract ends access.
type EndCondition struct {
	If      string `json:"if"`      // CEL, over what the plan says and the replies to Asks
	Because string `json:"because"` // why access then ends, in words: "the ticket was closed"
	// Asks is what the condition reads of the world outside, so that somebody who knows no
	// CEL can tell which facts belong to it.
	Asks []FactQuestion `json:"asks"`
	// UnknownFor is how long it may go on that the condition cannot be evaluated; then
	// access ends. 0: for as long as access lasts.
	UnknownFor Duration `json:"unknownFor,omitempty"`
}

// EndedBy says which condition of its plan ended access, and by which facts. It is part
// of an order to end of kind EndCondition.
type EndedBy struct {
	Index int    `json:"index"` // its place in Plan.EndWhen, from 0
	Facts []Fact `json:"facts"` // one for each question of the condition, in its order
	// UnknownSince is since when the condition could not be evaluated, in UTC, where that is
	// why access ended; nil: the condition was true.
	UnknownSince *time.Time `json:"unknownSince,omitempty"`
}

// FactsAt returns for each question of the condition the fact that counts at a time. One
// that nobody asked for counts as unknown. So does one that was asked longer ago than
// FactWithin, or later than the time: what ends access must be so now. A shift that was
// over at the time says nothing of who came after it: it may be the same person.
func (c EndCondition) FactsAt(facts []Fact, at time.Time) []Fact {
	out := make([]Fact, len(c.Asks))
	for i, q := range c.Asks {
		f := FindFact(facts, q)
		if f == nil {
			f = &Fact{FactQuestion: q, State: FactUnknown, Why: "it was not asked", At: at}
		}
		if out[i] = *f; f.State == FactUnknown {
			continue
		}
		if why := f.outdated(at); why != "" {
			out[i] = Fact{FactQuestion: q, State: FactUnknown, Why: why, At: f.At}
		}
	}
	return out
}

// outdated returns why a fact says nothing of a time; "" if it does.
func (f Fact) outdated(at time.Time) string {
	switch age := at.Sub(f.At); {
	case age > FactWithin:
		return fmt.Sprintf("what %s says was asked %s ago", f.Source, Duration(age.Round(time.Second)))
	case age < -ClockSkew, f.AsOf != nil && f.AsOf.Sub(at) > ClockSkew:
		return fmt.Sprintf("what %s says is dated in the future", f.Source)
	case f.OnCall != nil && f.OnCall.Until != nil && !at.Before(*f.OnCall.Until):
		return "the shift that it names is over"
	}
	return ""
}

// Reason returns in words why access ends by the condition.
func (c EndCondition) Reason(by EndedBy) string {
	if by.UnknownSince == nil {
		return c.Because
	}
	return fmt.Sprintf("since %s it could not be known whether %s", FormatTime(*by.UnknownSince), c.Because)
}

// String returns the condition in words and as it is written, for those who decide.
func (c EndCondition) String() string {
	return c.inWords("as soon as " + c.Because + " (" + c.If + ")")
}

// InWords returns the condition in words alone, for those who ask for access.
func (c EndCondition) InWords() string { return c.inWords("as soon as " + c.Because) }

func (c EndCondition) inWords(text string) string {
	if c.UnknownFor > 0 {
		return text + fmt.Sprintf(", or if that could not be known for %s", c.UnknownFor)
	}
	return text + "; what cannot be known does not end it"
}

// CheckEnd returns why an order to end does not follow from the plan; nil for one that a
// person gave, which needs no reason in the plan. The server asks it before it signs,
// and the offline verifier afterwards. Whether the condition was true by the facts of the
// order is the server's statement, as the evaluation of the contract is. Errors are
// CodeEvidence.
func (p Plan) CheckEnd(o EndOrder) error {
	switch {
	case (o.Kind == EndByCondition) != (o.EndedBy != nil):
		return Errorf(CodeEvidence, "an order to end of the kind %q names a condition, and no other does", EndByCondition)
	case o.EndedBy == nil:
		return nil
	case o.By != ActorContract:
		return Errorf(CodeEvidence, "a condition ends access by itself, and not by %s", Clip(o.By, 60))
	case o.EndedBy.Index < 0 || o.EndedBy.Index >= len(p.EndWhen):
		return Errorf(CodeEvidence, "the plan has no condition %d that ends access", o.EndedBy.Index+1)
	}
	by, c := *o.EndedBy, p.EndWhen[o.EndedBy.Index]
	if err := c.checkFacts(by.Facts, o.At); err != nil {
		return err
	}
	known := slices.ContainsFunc(by.Facts, func(f Fact) bool { return f.State == FactKnown })
	switch {
	case o.Reason != c.Reason(by):
		return Errorf(CodeEvidence, "the order gives another reason than the plan: %s", Clip(o.Reason, 200))
	case by.UnknownSince == nil && !known:
		return Errorf(CodeEvidence, "%s, says the order, and nothing was known", c.Because)
	case by.UnknownSince == nil:
		return nil
	case by.UnknownSince.Before(p.CreatedAt.Add(-ClockSkew)):
		// An event of the log that nobody signed must not make a server sign this.
		return Errorf(CodeEvidence, "it was unknown since %s, says the order, and the plan was made at %s", FormatTime(*by.UnknownSince), FormatTime(p.CreatedAt))
	case c.UnknownFor == 0:
		return Errorf(CodeEvidence, "the plan does not end access where it is not known whether %s", c.Because)
	case o.At.Sub(*by.UnknownSince) < c.UnknownFor.Std():
		return Errorf(CodeEvidence, "it was unknown for %s when access was ended, and the plan says %s", Duration(o.At.Sub(*by.UnknownSince).Truncate(time.Second)), c.UnknownFor)
	}
	return nil
}

// CheckEnd is Plan.CheckEnd, which knows when the plan was made and not when access could
// begin: what was unknown while people decided, or as somebody wrote into the log of that
// time, counts for nothing. Errors are CodeEvidence.
func (s Signed) CheckEnd(o EndOrder) error {
	if err := s.Plan.CheckEnd(o); err != nil {
		return err
	}
	opens := s.Term("").Opens
	if o.EndedBy == nil || o.EndedBy.UnknownSince == nil || !o.EndedBy.UnknownSince.Before(opens.Add(-ClockSkew)) {
		return nil
	}
	return Errorf(CodeEvidence, "it was unknown since %s, says the order, and access could not be open before %s", FormatTime(*o.EndedBy.UnknownSince), FormatTime(opens))
}

// checkFacts refuses facts that reply to other questions than the condition's, or that
// say nothing of the time of the order.
func (c EndCondition) checkFacts(facts []Fact, at time.Time) error {
	if len(facts) != len(c.Asks) {
		return Errorf(CodeEvidence, "the order has %d facts, and its condition asks for %d", len(facts), len(c.Asks))
	}
	for i, f := range facts {
		if f.FactQuestion != c.Asks[i] {
			return Errorf(CodeEvidence, "the order has a fact that its condition does not ask for: %s %s of %s", f.Kind, Clip(f.Key, 60), Clip(f.Source, 60))
		}
		if why := f.outdated(at); f.State != FactUnknown && why != "" {
			return Errorf(CodeEvidence, "%s %s: %s", f.Kind, Clip(f.Key, 60), why)
		}
	}
	return nil
}

// FactsInWords returns facts in one line.
func FactsInWords(facts []Fact) string {
	words := make([]string, len(facts))
	for i, f := range facts {
		words[i] = f.String()
	}
	return strings.Join(words, "; ")
}

// MaxUnknownPeriods is how many times one condition is recorded as unknown. The last time does
// not end: a source that failed so often within one access is not to be relied on, and
// the log does not grow without bound.
const MaxUnknownPeriods = 100

// IsUnknown reports whether the event says that a condition could not be evaluated.
func (e Event) IsUnknown(condition int) bool {
	return e.Kind == EventConditionUnknown && strings.HasPrefix(e.Key, unknownPrefix(condition))
}

// UnknownPeriod is a time for which a condition could not be evaluated, as the log has it.
type UnknownPeriod struct {
	Number int       // how many there were, this one included
	Since  time.Time // UTC; zero: the last one is over, or there was none
}

// LastUnknownPeriod returns the last time for which a condition of a request was unknown,
// from the request's events. It is in the log and not in a process, so that the time goes
// on over a crash.
func LastUnknownPeriod(events []Event, condition int) (s UnknownPeriod) {
	began, over := map[string]time.Time{}, map[string]bool{}
	for _, e := range events {
		switch e.Kind {
		case EventConditionUnknown:
			began[e.Key] = e.At
		case EventConditionKnown:
			over[e.Key] = true
		}
	}
	for n := 1; ; n++ {
		since, there := began[KeyConditionUnknown(condition, n)]
		if !there {
			return s
		}
		if s = (UnknownPeriod{Number: n}); !over[KeyConditionKnown(condition, n)] {
			s.Since = since
		}
	}
}
