package access

import "slices"

// State is where a request is in its life.
type State string

const (
	StatePending   State = "pending"   // waiting for decisions
	StateApproved  State = "approved"  // its rule is satisfied
	StateScheduled State = "scheduled" // approved, waiting for its start time
	StateGranting  State = "granting"  // the ledger holds its grants; targets are being opened
	StateActive    State = "active"    // usable
	StateEnding    State = "ending"    // access should stop; proof is not in yet
	StateEnded     State = "ended"     // proven gone
	StateDenied    State = "denied"
	StateCancelled State = "cancelled"
	StateLapsed    State = "lapsed" // nobody decided in time
	StateFailed    State = "failed" // never opened, nothing left behind
)

// transitions is the whole state machine. A state that is not a key is final.
var transitions = map[State][]State{
	StatePending: {StateApproved, StateDenied, StateCancelled, StateLapsed, StateFailed},
	// An approver who takes an approval back before anything opens leaves an approved
	// request undecided again, and it may lapse.
	StateApproved:  {StateScheduled, StateGranting, StateDenied, StateCancelled, StateLapsed, StateFailed},
	StateScheduled: {StateGranting, StateDenied, StateCancelled, StateFailed},
	StateGranting:  {StateActive, StateEnding},
	StateActive:    {StateEnding},
	StateEnding:    {StateEnded},
}

// States returns every state, in the order of a request's life.
func States() []State {
	return []State{StatePending, StateApproved, StateScheduled, StateGranting, StateActive, StateEnding,
		StateEnded, StateDenied, StateCancelled, StateLapsed, StateFailed}
}

// CanBecome reports whether a request in state s may move to next.
func (s State) CanBecome(next State) bool { return slices.Contains(transitions[s], next) }

// Final reports whether nothing follows s.
func (s State) Final() bool { return s.Known() && len(transitions[s]) == 0 }

// Known reports whether s is a state at all.
func (s State) Known() bool { return slices.Contains(States(), s) }

// MayHaveAccess reports whether something may be open on a target in state s.
func (s State) MayHaveAccess() bool {
	return s == StateGranting || s == StateActive || s == StateEnding
}

// CanReach reports whether next can follow s after any number of transitions.
// Transitions are delivered at least once and sometimes late; one whose state
// cannot be reached changes no state.
func (s State) CanReach(next State) bool {
	for _, n := range transitions[s] {
		if n == next || n.CanReach(next) {
			return true
		}
	}
	return false
}

// states maps a kind of event to the state that a request is in from such an event on, if
// it can reach it.
var states = map[EventKind]State{
	EventRequestCreated: StatePending, EventRequestApproved: StateApproved, EventRequestScheduled: StateScheduled,
	EventRequestDenied: StateDenied, EventRequestCancelled: StateCancelled, EventRequestLapsed: StateLapsed, EventRequestFailed: StateFailed,
	EventGrantIntended: StateGranting, EventAccessActive: StateActive, EventAccessEnding: StateEnding, EventAccessEnded: StateEnded,
}

// State returns the state that an event of this kind comes with; "" if none does.
func (k EventKind) State() State { return states[k] }

// After returns the state that a request is in after an event was recorded. The state
// before a request's first event is "".
func (s State) After(k EventKind) State {
	switch next := k.State(); {
	case k == EventRequestCreated && s == "":
		return StatePending
	case k == EventEndOrdered && s.MayHaveAccess():
		return StateEnding
	case next != "" && s.CanReach(next):
		return next
	}
	return s
}

// Outcome is why access ended.
type Outcome string

const (
	OutcomeExpired    Outcome = "expired"
	OutcomeReleased   Outcome = "released" // the requester released it
	OutcomeRevoked    Outcome = "revoked"
	OutcomeOffboarded Outcome = "offboarded"
	OutcomeCondition  Outcome = "condition" // a condition of its contract ended it (endWhen)
	OutcomeFailed     Outcome = "failed"    // opening failed half way; all was closed again
)

// Phrase returns the outcome as the end of a sentence: "Ended: its requester released it".
// It is empty for what is no outcome.
func (o Outcome) Phrase() string {
	switch o {
	case OutcomeExpired:
		return "it expired"
	case OutcomeReleased:
		return "its requester released it"
	case OutcomeRevoked:
		return "it was revoked"
	case OutcomeOffboarded:
		return "its requester has left"
	case OutcomeCondition:
		return "a condition of its contract ended it"
	case OutcomeFailed:
		return "opening it failed, and what was open was revoked"
	}
	return ""
}
