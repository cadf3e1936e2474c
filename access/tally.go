package access

import (
	"slices"
	"strings"
	"time"
)

// StageStatus is how far one stage is.
type StageStatus struct {
	Stage
	Approved []string `json:"approved"` // the people who count here
	Met      bool     `json:"met"`
	Waits    bool     `json:"waits,omitempty"` // it is asked later: a level before it is not met
}

// Tally is what the decisions on a plan amount to.
type Tally string

const (
	TallyUndecided Tally = "undecided"
	TallySatisfied Tally = "satisfied"
	TallyDenied    Tally = "denied"
)

// Tally counts the decisions that Counts accepts and passes over the others. Of one
// human's verdicts, whichever account and time they are signed with, a denial stands
// before an approval; of an account's approvals the latest stands, by its signed time.
// It is a pure function of its arguments, and the order of decisions matters only for
// two of one verdict and one instant.
func (r Rule) Tally(plan Plan, digest string, decisions []Decision) (Tally, []StageStatus) {
	last := lastByAccount(decisions, func(d Decision) bool { return r.Counts(plan, digest, d) == nil })
	denies := func(d Decision) bool { return d.Verdict != Approve }
	// Two who deny are not one because a third, who approves, is the same as both: an
	// approval makes nobody's denial less.
	deniers := voters(byHuman(slices.DeleteFunc(slices.Clone(last), func(d Decision) bool { return !denies(d) })))
	var agreed [][]Decision
	for _, theirs := range byHuman(last) {
		if !slices.ContainsFunc(theirs, denies) {
			agreed = append(agreed, theirs)
		}
	}
	approvers := voters(agreed)
	slices.SortFunc(approvers, func(a, b voter) int { return strings.Compare(a.id, b.id) })
	stages, met := r.seat(plan, approvers)
	switch {
	case r.denied(plan, deniers):
		return TallyDenied, stages
	case len(r.Stages) == 0 && r.Auto && !r.Passkey, len(r.Stages) > 0 && met:
		return TallySatisfied, stages
	}
	return TallyUndecided, stages
}

// voters returns one voter for each human.
func voters(humans [][]Decision) (out []voter) {
	for _, theirs := range humans {
		one := voter{id: theirs[0].Approver.HumanID(), decisions: theirs}
		for _, d := range theirs {
			one.id = min(one.id, d.Approver.HumanID())
		}
		out = append(out, one)
	}
	return out
}

// denied reports whether enough people denied: in all, or of one stage's own.
func (r Rule) denied(plan Plan, deniers []voter) bool {
	return len(deniers) >= max(r.DenyThreshold, 1) || slices.ContainsFunc(r.Stages, func(s Stage) bool {
		n := 0
		for _, v := range deniers {
			if slices.ContainsFunc(s.Ways(), func(a Approvers) bool { return v.mayTake(r, plan, a, time.Time{}) }) {
				n++
			}
		}
		return s.Denials > 0 && n >= s.Denials
	})
}

// lastByAccount returns the decision of each account that stands, of those that count,
// sorted by account: a workflow must not depend on the order of a map. A denial stands
// before every approval, whenever either was signed: nobody can take a denial back, so
// an approval that bears a later time comes from a server whose clock is ahead of the
// one that signed the denial (docs/threats.md, case 12). Of two with the same verdict
// the later signed time stands. In which order decisions arrive, everybody with write
// access to Temporal's namespace can choose; so it counts only at one instant.
func lastByAccount(decisions []Decision, counts func(Decision) bool) []Decision {
	last := map[string]Decision{}
	var accounts []string
	for _, d := range decisions {
		if !counts(d) {
			continue
		}
		earlier, seen := last[d.Approver.ID]
		if !seen {
			accounts = append(accounts, d.Approver.ID)
		} else if !standsBefore(d, earlier) {
			continue
		}
		last[d.Approver.ID] = d
	}
	slices.Sort(accounts)
	out := make([]Decision, len(accounts))
	for i, id := range accounts {
		out[i] = last[id]
	}
	return out
}

// standsBefore reports whether an account's decision d, given after earlier, replaces it.
func standsBefore(d, earlier Decision) bool {
	if denies, denied := d.Verdict != Approve, earlier.Verdict != Approve; denies != denied {
		return denies
	}
	return !d.At.Before(earlier.At)
}

// byHuman groups the decisions of accounts by the human behind them. Two accounts
// that have nothing in common are one human's all the same when a third is the
// same as both.
func byHuman(last []Decision) [][]Decision {
	var out [][]Decision
	for _, d := range last {
		mine := []Decision{d}
		var others [][]Decision
		for _, h := range out {
			if slices.ContainsFunc(h, func(o Decision) bool { return o.Approver.SameHuman(d.Approver) }) {
				mine = append(mine, h...)
			} else {
				others = append(others, h)
			}
		}
		out = append(others, mine)
	}
	return out
}
