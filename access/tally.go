package access

import (
	"slices"
	"strings"
)

// StageStatus is how far one stage is.
type StageStatus struct {
	Stage
	Approved []string `json:"approved"` // the people who count here
	Met      bool     `json:"met"`
}

// Tally is what the decisions on a plan amount to.
type Tally string

const (
	TallyUndecided Tally = "undecided"
	TallySatisfied Tally = "satisfied"
	TallyDenied    Tally = "denied"
)

// Tally counts the decisions that Counts accepts and passes over the others. The
// latest verdict of each account stands, by its signed time; of one human's
// accounts, a denial stands before an approval. It is a pure function of its
// arguments, and the order of decisions matters only for two of one instant.
func (r Rule) Tally(plan Plan, digest string, decisions []Decision) (Tally, []StageStatus) {
	denials := 0
	var approvers []Person
	for _, theirs := range byHuman(lastByAccount(decisions, func(d Decision) bool { return r.Counts(plan, digest, d) == nil })) {
		if slices.ContainsFunc(theirs, func(d Decision) bool { return d.Verdict != Approve }) {
			denials++
			continue
		}
		one := Person{ID: theirs[0].Approver.HumanID()}
		for _, d := range theirs {
			one.ID = min(one.ID, d.Approver.HumanID())
			one.Groups = append(one.Groups, d.Approver.Groups...)
		}
		approvers = append(approvers, one)
	}
	slices.SortFunc(approvers, func(a, b Person) int { return strings.Compare(a.ID, b.ID) })
	stages, met := assign(r.Stages, approvers)
	switch {
	case denials >= max(r.DenyThreshold, 1):
		return TallyDenied, stages
	case len(r.Stages) == 0 && r.Auto && !r.Passkey, len(r.Stages) > 0 && met:
		return TallySatisfied, stages
	}
	return TallyUndecided, stages
}

// lastByAccount returns the latest decision of each account, of those that count,
// sorted by account: a workflow must not depend on the order of a map. In which
// order decisions arrive, everybody with write access to Temporal's namespace can choose; so
// their signed times count, and only of two at one instant the order.
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
		} else if d.At.Before(earlier.At) {
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

// assign gives each stage's seats to approvers so that as many seats as
// possible are taken and nobody takes two (docs/threats.md, case 4). It is bipartite
// matching by augmenting paths: one who could serve two stages must not keep out
// another who could serve only one of them.
func assign(stages []Stage, approvers []Person) ([]StageStatus, bool) {
	var seats []int // the stage of each seat
	for i, s := range stages {
		for range max(s.Approvals, 1) {
			seats = append(seats, i)
		}
	}
	taken := make([]int, len(seats)) // the approver of each seat, + 1; 0 is free
	var seat func(approver int, tried []bool) bool
	seat = func(approver int, tried []bool) bool {
		for i, stage := range seats {
			if tried[i] || !approvers[approver].InAnyGroup(stages[stage].From...) {
				continue
			}
			tried[i] = true
			if taken[i] == 0 || seat(taken[i]-1, tried) {
				taken[i] = approver + 1
				return true
			}
		}
		return false
	}
	for a := range approvers {
		seat(a, make([]bool, len(seats)))
	}
	out := make([]StageStatus, len(stages))
	all := true
	for i, s := range stages {
		out[i] = StageStatus{Stage: s, Approved: []string{}, Met: true}
	}
	for i, stage := range seats {
		if taken[i] == 0 {
			out[stage].Met, all = false, false
			continue
		}
		out[stage].Approved = append(out[stage].Approved, approvers[taken[i]-1].ID)
	}
	return out, all
}
