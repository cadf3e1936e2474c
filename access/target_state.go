package access

import (
	"strings"
	"time"
)

// TargetCondition is whether a target can be used.
type TargetCondition string

// The conditions of a target.
const (
	TargetOn TargetCondition = "on" // its worker has opened it, and it responds
	// TargetPartly is several things, such as hosts, of which some do not respond. It is used
	// as one that is on; access is only where it responds.
	TargetPartly TargetCondition = "partly"
	// TargetFailing responds to its worker with an error, or not at all. People may ask for
	// it: access is approved later, may start later, and is opened when it works again.
	TargetFailing TargetCondition = "failing"
	// TargetOff could not be started by its worker, which tries again and again. Nobody can
	// ask for it, since what an entitlement means there is not known.
	TargetOff TargetCondition = "off"
	// TargetSilent has no worker that has been heard of lately.
	TargetSilent TargetCondition = "silent"
	// TargetMisplaced is in the configuration of a worker whose key is not for it. Operators
	// hear of it; the target's own workers say whether it can be used.
	TargetMisplaced TargetCondition = "misplaced"
	// TargetUnknown is named by a contract, and no worker has ever spoken of it.
	TargetUnknown TargetCondition = "unknown"
)

// TargetFault is what kind of failure keeps a target from being used.
type TargetFault string

// The kinds of failures of a target.
const (
	FaultUnreachable   TargetFault = "unreachable"   // it does not respond, or says that it cannot now
	FaultCredential    TargetFault = "credential"    // it refuses the credential that Ramp has for it
	FaultConfiguration TargetFault = "configuration" // what its worker was given: settings, keys, files
)

// Words says the kind for people who cannot mend it.
func (f TargetFault) Words() string {
	switch f {
	case FaultUnreachable:
		return "it cannot be reached"
	case FaultCredential:
		return "it refuses Ramp's own credential"
	case FaultConfiguration:
		return "something is wrong with how it is set up for Ramp"
	}
	return "operators see why"
}

// TargetStateLasts is how long a worker's word about a target counts. Workers say it once
// a minute.
const TargetStateLasts = 3 * time.Minute

const maxTargetReason = 300

// TargetState is whether a target can be used, as a worker that serves it has found.
type TargetState struct {
	Target    string          `json:"target"`
	Condition TargetCondition `json:"condition"`
	// Fault is the kind of failure that keeps it from being on; empty if it is on, and where
	// the worker does not say.
	Fault TargetFault `json:"fault,omitempty"`
	// Reason is why it is not on, in one line of at most 300 characters; empty if it is on.
	// The worker's own words, which name what is on its machine: see WithoutInternals.
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"` // since when it has been in this condition, in UTC, by the worker's clock
	At     time.Time `json:"at,omitzero"`    // when the worker looked
}

// Usable reports whether the whole target is on.
func (s TargetState) Usable() bool { return s.Condition == TargetOn }

// WithoutInternals returns the state as people read it who can only wait: the kind of
// failure, and nothing of the worker's machine.
func (s TargetState) WithoutInternals() TargetState {
	if s.Reason != "" {
		s.Reason = s.Fault.Words()
	}
	if s.Condition == TargetPartly {
		s.Reason = "a part of it does not work: " + s.Reason
	}
	return s
}

// Refused reports whether nobody can ask for the target.
func (s TargetState) Refused() bool { return s.Condition == TargetOff }

// String says in words why a target cannot be used, as people read it who want access.
func (s TargetState) String() string {
	switch s.Condition {
	case TargetOn:
		return s.Target + " can be used"
	case TargetPartly:
		return s.Target + " has worked in part since " + FormatTime(s.Since) + " (" + s.Reason + "). Access opens on the rest of it"
	case TargetOff:
		return s.Target + " has been off since " + FormatTime(s.Since) + ": its worker cannot start it (" + s.Reason + "). It is on again as soon as that works"
	case TargetFailing:
		return s.Target + " has not worked since " + FormatTime(s.Since) + " (" + s.Reason + "). Access can be requested; it opens only if that works by then"
	case TargetMisplaced:
		return s.Target + " is in the configuration of a worker that does not serve it (" + s.Reason + "). Take it out there, or list the worker's key for it in keys.workers"
	case TargetUnknown:
		return "no worker has ever spoken of " + s.Target
	default:
		return "no worker of " + s.Target + " has been heard of since " + FormatTime(s.At) + ". Access can be requested; it opens only if one is back by then"
	}
}

// Validate returns what is wrong with what a worker says. Errors are those of a state that
// cannot be shown as it is.
func (s TargetState) Validate() (issues Issues) {
	switch s.Condition {
	case TargetOn, TargetPartly, TargetFailing, TargetOff, TargetSilent, TargetMisplaced:
	default:
		issues.Add("target_condition", "condition", "%q is none of on, partly, failing, off, silent, misplaced", Clip(string(s.Condition), 20))
	}
	switch s.Fault {
	case "", FaultUnreachable, FaultCredential, FaultConfiguration:
	default:
		issues.Add("target_fault", "fault", "%q is none of unreachable, credential, configuration", Clip(string(s.Fault), 20))
	}
	issues.Require(len([]rune(s.Reason)) <= maxTargetReason && strings.IndexFunc(s.Reason, notShown) < 0, "target_reason", "reason",
		"a reason is one line of %d characters at the most, in which every character shows", maxTargetReason)
	issues.Require((s.Reason == "") == (s.Condition == TargetOn || s.Condition == TargetSilent), "target_reason", "reason", "what is partly on, failing, off or misplaced has a reason, and nothing else")
	return issues
}

// TargetReason returns an error as the reason of a state: one line, in which every
// character shows. An error of which nothing shows has a reason that says so: without one
// the state would not be valid, and nobody would hear that the target is off.
func TargetReason(err error) string {
	line := strings.Map(func(r rune) rune {
		if notShown(r) {
			return ' '
		}
		return r
	}, err.Error())
	shown := strings.Join(strings.Fields(line), " ")
	if shown == "" {
		return "the error has no words"
	}
	return Clip(shown, maxTargetReason-1)
}

// TargetStateOf returns the state of a target by what its workers said: the best of those
// that count at a time, or else that it is silent. found is false if no worker has ever
// said anything.
func TargetStateOf(said []TargetState, now time.Time) (state TargetState, found bool) {
	rank := map[TargetCondition]int{TargetOn: 4, TargetPartly: 3, TargetFailing: 2, TargetOff: 1}
	for _, one := range said {
		if age := now.Sub(one.At); age > TargetStateLasts || age < -TargetStateLasts {
			one = TargetState{Target: one.Target, Condition: TargetSilent, Since: one.At, At: one.At}
		}
		better := rank[one.Condition] > rank[state.Condition] || rank[one.Condition] == rank[state.Condition] && one.At.After(state.At)
		if !found || better {
			state, found = one, true
		}
	}
	return state, found
}
