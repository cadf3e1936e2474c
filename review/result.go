package review

import "ramp.dev/ramp/access"

// Result is what requests came to, as charts and tables have it.
type Result struct {
	Name   string // in words
	States []access.State
}

// Results returns them in the order in which they are stacked, from below.
func Results() []Result {
	return []Result{
		{"opened and ended", []access.State{access.StateEnded}},
		{"open", []access.State{access.StateGranting, access.StateActive, access.StateEnding}},
		{"waiting", []access.State{access.StatePending, access.StateApproved, access.StateScheduled}},
		{"denied", []access.State{access.StateDenied}},
		{"nobody decided in time", []access.State{access.StateLapsed}},
		{"cancelled", []access.State{access.StateCancelled}},
		{"could not be opened", []access.State{access.StateFailed}},
	}
}

// Count returns how many of the requests of a week came to it.
func (r Result) Count(byState map[string]int) (n int) {
	for _, s := range r.States {
		n += byState[string(s)]
	}
	return n
}
