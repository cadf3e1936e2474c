package access

import (
	"slices"
	"time"
)

// FactWithin is how old a fact may be on which somebody decides: who was on call an hour
// ago may have handed over.
const FactWithin = time.Minute

// Schedules returns the schedules of the rule whose people may decide, each once.
func (r Rule) Schedules() (out []string) {
	for _, s := range r.Stages {
		for _, a := range s.Ways() {
			out = append(out, a.OnCall...)
		}
	}
	for _, e := range r.Escalate {
		out = append(out, e.OnCall...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// OnCallQuestions returns what is to be asked before somebody decides under the rule.
func (r Rule) OnCallQuestions() (out []FactQuestion) {
	for _, schedule := range r.Schedules() {
		out = append(out, FactQuestion{Kind: FactOnCall, Source: OnCallSource, Key: schedule})
	}
	return out
}

// OnCallBy returns the person with the schedules for which they are on call at a time,
// by facts that were asked then. A fact that is unknown, is too
// old, or is of a later time makes nobody an approver.
func (p Person) OnCallBy(facts []Fact, at time.Time) Person {
	p.onCall = nil
	for _, f := range facts {
		age := at.Sub(f.At)
		if f.Kind == FactOnCall && f.Source == OnCallSource && age <= FactWithin && age >= -ClockSkew && f.HasOnCall(p, at) {
			p.onCall = append(p.onCall, f.Key)
		}
	}
	return p
}

// Voter returns the approver as the decision was made: with the schedules for which they
// were on call, by the facts that were signed with it. A worker and an offline verifier
// ask nobody.
func (d Decision) Voter() Person { return d.Approver.OnCallBy(d.OnCall, d.At) }

// onAnyCall reports whether the person is on call for at least one of the schedules.
func (p Person) onAnyCall(schedules []string) bool {
	return slices.ContainsFunc(p.onCall, func(s string) bool { return slices.Contains(schedules, s) })
}
