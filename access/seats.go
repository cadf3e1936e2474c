package access

import (
	"slices"
	"time"
)

// voter is one human and what their accounts decided.
type voter struct {
	id        string
	decisions []Decision
}

// mayTake reports whether the human may take a seat of a way to meet a stage, with an
// approval given after a time.
func (v voter) mayTake(r Rule, plan Plan, a Approvers, after time.Time) bool {
	return slices.ContainsFunc(v.decisions, func(d Decision) bool {
		voter := d.Voter()
		return d.At.After(after) && (a.Admits(voter) || r.escalated(voter, d.At.Sub(plan.CreatedAt)))
	})
}

// maxChoices bounds the choices of ways that are tried. A contract has far fewer;
// stages beyond it are not met.
const maxChoices = 256

// seat gives the stages' seats to approvers, level by level. Of a level that is
// met, only the approvals count that first met it, and only later ones count for
// the next: those who decide in a second level know that the first agreed.
func (r Rule) seat(plan Plan, approvers []voter) ([]StageStatus, bool) {
	out := make([]StageStatus, len(r.Stages))
	var levels []int
	for i, s := range r.Stages {
		out[i] = StageStatus{Stage: s, Approved: []string{}, Waits: true}
		if !slices.Contains(levels, s.Level) {
			levels = append(levels, s.Level)
		}
	}
	slices.Sort(levels)
	after := time.Time{}
	for _, level := range levels {
		var which []int
		for i, s := range r.Stages {
			if s.Level == level {
				which = append(which, i)
			}
		}
		l := seating{rule: r, plan: plan, after: after}
		for _, i := range which {
			l.stages = append(l.stages, r.Stages[i])
		}
		seated, met := l.best(approvers)
		if met && level != levels[len(levels)-1] {
			after = l.firstMet(approvers)
			seated, _ = l.best(until(approvers, after))
		}
		for n, i := range which {
			out[i].Approved, out[i].Met, out[i].Waits = seated[n].Approved, seated[n].Met, false
			approvers = slices.DeleteFunc(slices.Clone(approvers), func(v voter) bool { return slices.Contains(seated[n].Approved, v.id) })
		}
		if !met {
			return out, false
		}
	}
	return out, true
}

// until returns the voters with what they decided up to a time.
func until(voters []voter, at time.Time) (out []voter) {
	for _, v := range voters {
		v.decisions = slices.DeleteFunc(slices.Clone(v.decisions), func(d Decision) bool { return d.At.After(at) })
		if len(v.decisions) > 0 {
			out = append(out, v)
		}
	}
	return out
}

// seating is one level while its seats are given.
type seating struct {
	rule   Rule
	plan   Plan
	stages []Stage
	after  time.Time // only approvals after this count
}

// firstMet returns when approvals first met the level, which all of them do.
func (l seating) firstMet(approvers []voter) time.Time {
	var times []time.Time
	for _, v := range approvers {
		for _, d := range v.decisions {
			times = append(times, d.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	for _, at := range times {
		if _, met := l.best(until(approvers, at)); met {
			return at
		}
	}
	return times[len(times)-1]
}

// best gives the seats under each choice of ways, and returns the one that meets
// every stage; otherwise the one that leaves the fewest seats free.
func (l seating) best(approvers []voter) (best []StageStatus, met bool) {
	choice := make([]int, len(l.stages))
	fewest := -1
	for range maxChoices {
		ways := make([]Approvers, len(l.stages))
		for i, s := range l.stages {
			ways[i] = s.Ways()[choice[i]]
		}
		seated, free := l.assign(ways, approvers)
		if fewest < 0 || free < fewest {
			best, fewest = seated, free
		}
		if free == 0 {
			return best, true
		}
		if !l.next(choice) {
			break
		}
	}
	return best, false
}

// next moves to the next choice of ways, and reports whether there is one.
func (l seating) next(choice []int) bool {
	for i := range choice {
		if choice[i]++; choice[i] < len(l.stages[i].Ways()) {
			return true
		}
		choice[i] = 0
	}
	return false
}

// assign gives each seat to an approver so that as many seats as possible are taken
// and nobody takes two (docs/threats.md, case 4). It is bipartite matching by
// augmenting paths: one who could serve two stages must not keep out another who
// could serve only one of them.
func (l seating) assign(ways []Approvers, approvers []voter) (out []StageStatus, free int) {
	var seats []int // the stage of each seat
	for i, a := range ways {
		// One seat more than there are people leaves the stage unmet as any number would:
		// whoever makes up a plan must not choose how much memory this takes.
		for range min(max(a.Approvals, 1), len(approvers)+1) {
			seats = append(seats, i)
		}
	}
	taken := make([]int, len(seats)) // the approver of each seat, + 1; 0 is free
	var seat func(approver int, tried []bool) bool
	seat = func(approver int, tried []bool) bool {
		for i, stage := range seats {
			if tried[i] || !approvers[approver].mayTake(l.rule, l.plan, ways[stage], l.after) {
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
	out = make([]StageStatus, len(l.stages))
	for i, s := range l.stages {
		out[i] = StageStatus{Stage: s, Approved: []string{}, Met: true}
	}
	for i, stage := range seats {
		if taken[i] == 0 {
			out[stage].Met = false
			free++
			continue
		}
		out[stage].Approved = append(out[stage].Approved, approvers[taken[i]-1].id)
	}
	return out, free
}
