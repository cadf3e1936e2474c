package contracts

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// testUse is an earlier request of the person in a test.
type testUse struct {
	Ago        string         `yaml:"ago"`     // before the request
	State      string         `yaml:"state"`   // ended if left out
	Outcome    string         `yaml:"outcome"` // of one that has ended: expired if left out
	Automatic  bool           `yaml:"automatic"`
	Length     string         `yaml:"length"` // how long access was open; not at all if left out
	Params     map[string]any `yaml:"params"`
	Unreviewed bool           `yaml:"unreviewed"` // a use of break glass that nobody has reviewed
}

func (u testUse) parse(d *document, now time.Time, i, n int) access.Use {
	path := []any{"tests", i, "history", n}
	out := access.Use{RequestID: fmt.Sprint("use", n), At: now.Add(-d.length(u.Ago, below(path, "ago")...).Std()), State: access.State(u.State),
		Outcome: access.Outcome(u.Outcome), Automatic: u.Automatic, Params: u.Params}
	if out.State == "" {
		out.State = access.StateEnded
	}
	if !out.State.Known() {
		d.issue("test_history", fmt.Sprintf("there is no state %q", access.Clip(u.State, 20)), below(path, "state")...)
	}
	if u.Length == "" {
		return out
	}
	out.Opened, out.Length = true, d.length(u.Length, below(path, "length")...)
	if out.State.Final() {
		end := out.At.Add(out.Length.Std())
		out.EndedAt = &end
		if out.Outcome == "" {
			out.Outcome = access.OutcomeExpired
		}
	}
	return out
}
