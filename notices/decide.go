// Package notices tells people what happens: requesters, those who may decide, and
// those who must know when something goes wrong. It is a consumer of the feed that
// decides who hears of an event, writes each notice down, and sends it until the
// channel has it.
package notices

import (
	"slices"

	"ramp.dev/ramp/access"
)

// hearer is somebody, or a group of people, who hears of an event.
type hearer struct {
	Person  access.Person // zero if it is none
	ID      string        // of a person of whom no more is known
	Group   string
	OnCall  string // a schedule: whoever is on call for it
	Address string // an address of the configuration, or the name of a channel of it
	Channel string // the name of a channel, as a contract has it
	Why     string
	Of      access.EventKind // what the notice is of
}

// Why somebody hears of something, as notices say it.
const (
	whyRequester = "you asked for it"
	whyApprover  = "you may decide it"
	whyReviewer  = "you may review it"
	whyAlarm     = "this address hears of what must not be missed"
	whyContract  = "the contract names you for it"
	whyEscalated = "nobody has decided it yet, and you may decide it now"
	whyEnds      = "access that you asked for is about to end"
	whyAgentEnds = "access that your agent asked for is about to end"
	whyOnCall    = "you are on call, and may decide it"
	whyHandled   = "you were asked to decide it"
	whyAgent     = "your agent asked for it"
)

// decide returns who hears of an event of a request: those who always do, and those whom
// its contract names. It is a pure function: what a group's addresses are is another
// question.
func decide(e access.Event, r access.Request, alarms []string) []hearer {
	out := always(e, r, alarms)
	for i := range out {
		out[i].Of = about(e)
	}
	for _, n := range r.Plan.Notify {
		if !slices.Contains(n.Of, e.Kind) || !e.Kind.Noticeable() {
			continue
		}
		for _, h := range named(n, e, r) {
			h.Why, h.Of = whyContract, e.Kind
			out = append(out, h)
		}
	}
	return out
}

// named returns those whom a notice of a contract names.
func named(n access.Notice, e access.Event, r access.Request) (out []hearer) {
	for _, whom := range n.Whom {
		switch whom {
		case access.NoticeRequester:
			out = append(out, hearer{Person: r.Requester})
		case access.NoticeApprovers:
			out = append(out, waitedFor(e, r)...)
		case access.NoticeReviewers:
			out = append(out, reviewers(r)...)
		}
	}
	for _, group := range n.Groups {
		out = append(out, hearer{Group: group})
	}
	for _, name := range n.Channels {
		out = append(out, hearer{Channel: name})
	}
	return out
}

func reviewers(r access.Request) (out []hearer) {
	if r.Plan.BreakGlass != nil {
		for _, group := range r.Plan.BreakGlass.Reviewers {
			out = append(out, hearer{Group: group, Why: whyReviewer})
		}
	}
	return out
}

// always returns those who hear of an event under every contract.
func always(e access.Event, r access.Request, alarms []string) (out []hearer) {
	requester := hearer{Person: r.Requester, Why: whyRequester}
	if r.Requester.Kind == access.KindAgent {
		requester.Why = whyAgent // its human hears
	}
	switch e.Kind {
	// A decision may make the next level's turn, and one that no longer counts a met one's.
	case access.EventRequestCreated, access.EventDecisionRecorded, access.EventDecisionInvalidated:
		if r.Plan.BreakGlass == nil && !r.Plan.Rule.Auto && r.State == access.StatePending {
			out = append(out, waitedFor(e, r)...)
			if e.Kind == access.EventRequestCreated && requester.Why == whyAgent {
				out = append(out, requester) // who has to know what is asked in their name
			}
		}
	case access.EventExtensionAsked, access.EventExtensionDecided: // as above, of the extension
		if asks(r) {
			out = append(out, waitedFor(e, r)...)
		}
	case access.EventRequestScheduled, access.EventAccessActive, access.EventRequestDenied, access.EventRequestLapsed, access.EventGlassReviewed:
		out = append(out, requester)
	case access.EventAccessEnded:
		if e.Detail["outcome"] != string(access.OutcomeReleased) || requester.Why == whyAgent { // who released it knows; an agent's human does not
			out = append(out, requester)
		}
	case access.EventRequestFailed:
		out = append(out, requester)
		out = append(out, addresses(alarms)...)
	case access.EventGlassBroken:
		out = append(out, reviewers(r)...)
		out = append(out, addresses(alarms)...)
	default:
		if e.Kind.Urgent() {
			out = append(out, addresses(alarms)...)
		}
	}
	return out
}

// about is the kind under which the notices of an event are written down.
func about(e access.Event) access.EventKind {
	switch e.Kind {
	case access.EventDecisionRecorded, access.EventDecisionInvalidated:
		return access.EventRequestCreated
	case access.EventExtensionDecided:
		return access.EventExtensionAsked
	}
	return e.Kind
}

// asks reports whether an extension of open access waits for people.
func asks(r access.Request) bool {
	return r.State == access.StateActive && r.Asked != nil && r.Asked.Tally == access.TallyUndecided
}

// waitedFor returns those for whom what an event is of waits: the request, or an
// extension of it. An event of an earlier extension is about nothing that waits.
func waitedFor(e access.Event, r access.Request) []hearer {
	if about(e) != access.EventExtensionAsked {
		return approvers(r.Stages)
	}
	if r.Asked == nil || r.Asked.Order.Digest != e.Detail["orderDigest"] {
		return nil
	}
	return approvers(r.Asked.Stages)
}

// approvers returns those who may meet a stage that can be decided now, in any of its
// ways.
func approvers(stages []access.StageStatus) (out []hearer) {
	for _, s := range stages {
		if s.Met || s.Waits {
			continue
		}
		for _, way := range s.Ways() {
			for _, group := range way.From {
				out = append(out, hearer{Group: group, Why: whyApprover})
			}
			for _, id := range way.People {
				out = append(out, hearer{ID: id, Why: whyApprover})
			}
			for _, schedule := range way.OnCall {
				out = append(out, hearer{OnCall: schedule, Why: whyOnCall})
			}
		}
	}
	return out
}

func addresses(list []string) (out []hearer) {
	for _, a := range list {
		out = append(out, hearer{Address: a, Why: whyAlarm})
	}
	return out
}

// moot reports whether a notice has lost its meaning since the event. One that a contract
// wants tells what happened, and keeps its meaning; a state that nothing leaves is told
// of none that is not in it.
func moot(k access.EventKind, why string, r access.Request) bool {
	if s := k.State(); s.Final() && r.State != s && len(r.Altered) == 0 {
		return true
	}
	if why == whyContract {
		return false
	}
	if why == whyHandled {
		return k == access.EventRequestApproved && r.State == access.StatePending || k == access.EventAccessEnding && r.State == access.StateActive ||
			k == access.EventDecisionRecorded && len(r.Decisions) == 0
	}
	switch k {
	case access.EventRequestCreated:
		return r.State != access.StatePending
	case access.EventExtensionAsked:
		return !asks(r)
	case access.EventRequestScheduled:
		return r.State != access.StateScheduled
	case access.EventAccessActive:
		return r.State != access.StateActive
	}
	return false
}

// mayHear returns those of whom a row of the outbox may speak: who would hear of a kind of
// event of this request, for this reason, at any time. It is nobody for a reason that is
// none of Ramp's, and for what cannot be true of the request. Somebody who may write to the
// ledger's database must not have Ramp write anything to anybody (docs/threats.md, case 48).
func mayHear(k access.EventKind, why string, r access.Request, alarms []string) (out []hearer) {
	if !k.Noticeable() || k == access.EventGlassBroken && r.Plan.BreakGlass == nil && len(r.Altered) == 0 {
		return nil
	}
	e := access.Event{Kind: k}
	// A stage that was met since was asked for then.
	r.State, r.Stages = access.StatePending, every(r.Plan.Rule)
	if about(e) == access.EventExtensionAsked && r.Plan.AsksForExtensions() {
		r.State, r.Asked = access.StateActive, &access.Asked{Tally: access.TallyUndecided, Stages: every(*r.Plan.Extend.Rule)}
	}
	if endsWhy(why) {
		if k != access.EventAccessActive || why != whyOfEnd(r) {
			return nil
		}
		return []hearer{{Person: r.Requester, Why: why, Of: k}}
	}
	if why == whyHandled {
		return handlers(k, r)
	}
	if why == whyEscalated {
		if k != access.EventRequestCreated {
			return nil
		}
		for _, step := range r.Plan.Rule.Escalate {
			out = append(out, escalated(step)...)
		}
		return out
	}
	var all []hearer
	if why == whyContract {
		for _, n := range r.Plan.Notify {
			if slices.Contains(n.Of, k) {
				all = append(all, named(n, e, r)...)
			}
		}
	} else {
		all = always(e, r, alarms)
	}
	for _, h := range all {
		if why == whyContract || h.Why == why {
			h.Why, h.Of = why, k
			out = append(out, h)
		}
	}
	return out
}

// every returns the stages of a rule as if all waited now.
func every(rule access.Rule) (out []access.StageStatus) {
	for _, s := range rule.Stages {
		out = append(out, access.StageStatus{Stage: s})
	}
	return out
}
