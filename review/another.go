package review

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// another returns the proposal that one person more approves in a stage of a contract, so that
// one who approves nearly everything does not approve alone, nor one of a pair for the other:
// in the stage in which most of their approvals counted. It returns nil where they are of
// others, where the stage is no more or can be met in several ways, and where too few people
// have approved in it until now: then requests would lapse. That more people may
// approve is never proposed: a statistic lets nobody in.
func (a *approvals) another(m *Maker, contract string, in map[stageOf]int) *Proposal {
	c, there := m.contracts[contract]
	if !there {
		return nil
	}
	var names []stageOf
	for s, n := range in {
		if s.contract == contract && n > 0 {
			names = append(names, s)
		}
	}
	if len(names) == 0 {
		return nil
	}
	stage := slices.MinFunc(names, func(x, y stageOf) int {
		return cmp.Or(cmp.Compare(in[y], in[x]), cmp.Compare(x.stage, y.stage))
	}).stage
	now := c.Approvals[stage]
	if now == 0 || len(a.stages[stageOf{contract, stage}]) <= now {
		return nil
	}
	return &Proposal{Contract: contract, Version: c.Version, Change: AddApproval, Field: "approval.stages[" + stage + "].approvals", Stage: stage,
		From: strconv.Itoa(now), To: strconv.Itoa(now + 1),
		Sentence: fmt.Sprintf("Have %d people approve in the stage %s of %s, not %d: then none of them approves alone.", now+1, stage, contract, now)}
}

// inEach offers, in each of several contracts, that one person more approves. Where it cannot
// be offered in all of them the finding stays in part, and each proposal is of use alone.
func (a *approvals) inEach(m *Maker, f *Finding, contracts map[string]bool, in map[stageOf]int) {
	for _, contract := range slices.Sorted(maps.Keys(contracts)) {
		switch p := a.another(m, contract, in); {
		case p == nil:
		case f.Proposal == nil:
			f.Proposal = p
		default:
			f.Others = append(f.Others, p)
		}
	}
}
