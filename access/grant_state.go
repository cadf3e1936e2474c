package access

import (
	"cmp"
	"slices"
	"time"
)

// GrantCondition is how far one grant of a request is.
type GrantCondition string

// The conditions of a grant.
const (
	GrantWaiting  GrantCondition = "waiting"  // nothing has been done for it yet
	GrantOpening  GrantCondition = "opening"  // it may be on its target already
	GrantOpen     GrantCondition = "open"     // it is on its target
	GrantClosing  GrantCondition = "closing"  // access ends, and its target has not shown yet that it is gone
	GrantClosed   GrantCondition = "closed"   // it was open, and its target has shown that it is gone
	GrantFailed   GrantCondition = "failed"   // it could not be opened; what there may have been of it is gone
	GrantUnopened GrantCondition = "unopened" // the request was over before anything was done for it
)

// GrantState is how far one grant of a request is, as the request's events say it.
type GrantState struct {
	Grant     string         `json:"grant"` // its name on the target
	Target    string         `json:"target"`
	Condition GrantCondition `json:"condition"`
	// Reason is why it failed, what keeps it from being closed, or which part of its target it
	// is not on, for people.
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"` // when it got so; zero if no event says it
}

// String says the condition in a word or two.
func (c GrantCondition) String() string {
	if c == GrantUnopened {
		return "not opened"
	}
	return string(c)
}

// unconfirmedUnopened is the reason of a grant that was not opened, of a request that is
// ending: its target is asked all the same.
const unconfirmedUnopened = "nothing was opened there; the target's worker has yet to confirm it"

// GrantStates returns how far each grant of the plan is, in the plan's order. It goes by
// the timeline, of which what was altered says nothing; a request without one has none.
func (r Request) GrantStates() (out []GrantState) {
	if r.Timeline == nil {
		return nil
	}
	over := r.State.Final()
	failed := r.Outcome != OutcomeFailed // of several that were not opened, the first is the one that failed
	for _, g := range r.Plan.Grants {
		s := GrantState{Grant: g.Name, Target: g.Target, Condition: GrantWaiting}
		intended, opened, closed, ruledOut := r.grantEvents(g.Name)
		if closed == nil && opened == nil && intended == nil {
			closed = ruledOut
		}
		switch {
		case opened != nil && closed != nil:
			s.Condition, s.At = GrantClosed, closed.At
		case opened == nil && (closed != nil || over) && !failed:
			s.Condition, s.Reason, failed = GrantFailed, r.whyEnding(), true
			if closed != nil {
				s.At = closed.At
			}
		case opened == nil && (closed != nil || over):
			s.Condition = GrantUnopened
		case r.State == StateEnding && (opened != nil || intended != nil):
			s.Condition, failed = GrantClosing, failed || opened == nil
			if r.Overdue || opened == nil {
				s.Reason = r.Problem
			}
			s.Reason = cmp.Or(r.partly(g.Name, PartlyEnded), s.Reason)
		case r.State == StateEnding:
			s.Condition, s.Reason = GrantUnopened, unconfirmedUnopened
		case opened != nil:
			s.Condition, s.At, s.Reason = GrantOpen, opened.At, r.partly(g.Name, PartlyOpened)
		case intended != nil:
			s.Condition, s.At = GrantOpening, intended.At
		}
		out = append(out, s)
	}
	return out
}

// What was done in part, in the event of it.
const (
	DetailDone   = "done"
	PartlyOpened = "opened"
	PartlyEnded  = "ended"
)

// partly returns which part of its target a grant is not on, or has not ended on yet, as was
// said of it last. Where a slow part has joined, what is still missing is said after it.
func (r Request) partly(grant, done string) (why string) {
	for _, e := range r.Timeline {
		switch {
		case e.Detail["grant"] != grant || r.TimelineCheck.IsAltered(e):
		case e.Kind == EventGrantPartly && e.Detail[DetailDone] == done:
			why = e.Message
		case e.Kind == EventGrantJoined && done == PartlyOpened:
			why = ""
		}
	}
	return why
}

// NothingBegun reports whether the request's events say that no grant of it was begun: no
// worker was about to touch a target. A request without a timeline says nothing, and one
// that was active had something.
func (r Request) NothingBegun() bool {
	for _, g := range r.Plan.Grants {
		if intended, opened, closed, _ := r.grantEvents(g.Name); intended != nil || opened != nil || closed != nil {
			return false
		}
	}
	return r.Timeline != nil && r.ActiveAt == nil
}

// grantEvents returns the first event of each kind about a grant; nil if there is none. Of
// closings it is the first that nobody has undone since.
func (r Request) grantEvents(grant string) (intended, opened, closed, ruledOut *Event) {
	of := map[EventKind]**Event{EventGrantIntended: &intended, EventGrantOpened: &opened, EventGrantClosed: &closed, EventGrantNotBegun: &ruledOut}
	for i, e := range r.Timeline {
		if e.undoesClosing(grant) && !r.TimelineCheck.IsAltered(e) {
			closed = nil
		}
		if found, ok := of[e.Kind]; ok && *found == nil && e.Detail["grant"] == grant && !r.TimelineCheck.IsAltered(e) {
			*found = &r.Timeline[i]
		}
	}
	return intended, opened, closed, ruledOut
}

// whyEnding returns the problem with which the request began to end: the request's own
// may by now be that closing takes too long.
func (r Request) whyEnding() string {
	for _, e := range r.Timeline {
		if e.Kind == EventAccessEnding && e.Message != "" && !r.TimelineCheck.IsAltered(e) {
			return e.Message
		}
	}
	return r.Problem
}

// undoesClosing reports whether the event says that what was recorded before of the closing
// of a grant does not count: no worker of its target has signed it.
func (e Event) undoesClosing(grant string) bool {
	return e.Kind == EventAccessReopened && e.Detail["grant"] == grant
}

// LastClosings returns those events of a request, in their order, that say that grants of it
// were closed, without those that were undone later.
func LastClosings(events []Event) (out []Event) {
	for _, e := range events {
		if e.Kind == EventGrantClosed {
			out = append(out, e)
		}
		out = slices.DeleteFunc(out, func(c Event) bool { return e.undoesClosing(c.Detail["grant"]) })
	}
	return out
}
