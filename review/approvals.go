package review

import (
	"maps"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
)

// approvals finds approvals within seconds, contracts of which one person approves nearly
// everything, and people who approve each other.
type approvals struct {
	limits     Thresholds
	byApprover map[string]*approver
	byContract map[string]*contractApprovals
	pairs      map[pair]*pairApprovals
	approved   map[string]int             // requests of each person that people approved
	stages     map[stageOf]map[string]int // how many approvals of each person counted, of the history too
}

type approver struct {
	all, fast int
	contracts map[string]bool // of the fast ones
	shown     trail
}

type contractApprovals struct {
	all int
	by  map[string]*shownCount
}

// stageOf is a stage of a contract, by its name.
type stageOf struct{ contract, stage string }

type shownCount struct {
	n     int
	shown trail
}

// pair is who approved whose requests.
type pair struct{ approver, requester string }

type pairApprovals struct {
	n         int
	contracts map[string]bool
	stages    map[stageOf]int // in which the approvals counted
	shown     trail
}

func newApprovals(t Thresholds) *approvals {
	return &approvals{limits: t, byApprover: map[string]*approver{}, byContract: map[string]*contractApprovals{},
		pairs: map[pair]*pairApprovals{}, approved: map[string]int{}, stages: map[stageOf]map[string]int{}}
}

func (a *approvals) add(r Request, during bool) {
	given := r.Approvals()
	for _, d := range given {
		if d.Stage == "" {
			continue
		}
		in := stageOf{r.Contract, d.Stage}
		if a.stages[in] == nil {
			a.stages[in] = map[string]int{}
		}
		a.stages[in][d.By.ID]++
	}
	if !during {
		return
	}
	if len(given) > 0 {
		a.approved[r.Requester.ID]++
	}
	for _, d := range given {
		if d.By.Kind != "" && d.By.Kind != access.KindHuman {
			continue
		}
		a.approver(r, d)
		a.contract(r, d)
		a.pair(r, d)
	}
}

func (a *approvals) approver(r Request, d Decision) {
	by := a.byApprover[d.By.ID]
	if by == nil {
		by = &approver{contracts: map[string]bool{}}
		a.byApprover[d.By.ID] = by
	}
	by.all++
	if d.At.Sub(r.AskedAt) <= a.limits.Fast.Std() {
		by.fast++
		by.contracts[r.Contract] = true
		by.shown.add(r.ID, r.Events.Asked, d.Event)
	}
}

func (a *approvals) contract(r Request, d Decision) {
	under := a.byContract[r.Contract]
	if under == nil {
		under = &contractApprovals{by: map[string]*shownCount{}}
		a.byContract[r.Contract] = under
	}
	under.all++
	if under.by[d.By.ID] == nil {
		under.by[d.By.ID] = &shownCount{}
	}
	under.by[d.By.ID].n++
	under.by[d.By.ID].shown.add(r.ID, d.Event)
}

func (a *approvals) pair(r Request, d Decision) {
	key := pair{d.By.ID, r.Requester.ID}
	if a.pairs[key] == nil {
		a.pairs[key] = &pairApprovals{contracts: map[string]bool{}, stages: map[stageOf]int{}}
	}
	p := a.pairs[key]
	p.n++
	p.contracts[r.Contract] = true
	if d.Stage != "" {
		p.stages[stageOf{r.Contract, d.Stage}]++
	}
	p.shown.add(r.ID, d.Event)
}

func (a *approvals) findings(m *Maker) []Finding {
	return slices.Concat(a.fast(m), a.single(m), a.mutual(m))
}

func (a *approvals) fast(m *Maker) (out []Finding) {
	for _, id := range slices.Sorted(maps.Keys(a.byApprover)) {
		by := a.byApprover[id]
		if by.fast < m.limits.FastLeast || float64(by.fast) < m.limits.FastShare*float64(by.all) {
			continue
		}
		out = append(out, m.finding(FastApproval, id, only(by.contracts), []string{id}, float64(by.fast)/float64(m.limits.FastLeast), &by.shown,
			"%s approved %d of %s within %s of being asked: nobody reads a plan in that time.", id, by.fast, plaintext.Count(by.all, "request"), m.limits.Fast))
	}
	return out
}

func (a *approvals) single(m *Maker) (out []Finding) {
	for _, name := range slices.Sorted(maps.Keys(a.byContract)) {
		under := a.byContract[name]
		if under.all < m.limits.ApproverLeast {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(under.by)) {
			part := float64(under.by[id].n) / float64(under.all)
			if part < m.limits.ApproverShare {
				continue
			}
			f := m.finding(OneApprover, id, name, []string{id}, part/m.limits.ApproverShare*float64(under.all)/float64(m.limits.ApproverLeast), &under.by[id].shown,
				"%s gave %d%% of the %d approvals under %s: it depends on one person, who may approve out of habit.", id, percent(part), under.all, name)
			theirs := map[stageOf]int{}
			for in, by := range a.stages {
				if in.contract == name {
					theirs[in] = by[id]
				}
			}
			f.Proposal = a.another(m, name, theirs)
			out = append(out, f)
		}
	}
	return out
}

// mutual finds pairs who approve each other: for each of the two, a large part of what was
// approved for them was approved by the other.
func (a *approvals) mutual(m *Maker) (out []Finding) {
	keys := slices.SortedFunc(maps.Keys(a.pairs), func(x, y pair) int {
		return personUnder{x.approver, x.requester}.compare(personUnder{y.approver, y.requester})
	})
	for _, key := range keys {
		one, other := a.pairs[key], a.pairs[pair{key.requester, key.approver}]
		if key.approver >= key.requester || other == nil || min(one.n, other.n) < m.limits.PairLeast {
			continue
		}
		partOne := float64(one.n) / float64(max(a.approved[key.requester], 1))
		partOther := float64(other.n) / float64(max(a.approved[key.approver], 1))
		if min(partOne, partOther) < m.limits.PairShare {
			continue
		}
		contracts := maps.Clone(one.contracts)
		maps.Copy(contracts, other.contracts)
		var shown trail
		for i := range max(len(one.shown.numbers), len(other.shown.numbers)) {
			for _, t := range []*trail{&one.shown, &other.shown} {
				if i < len(t.numbers) {
					shown.add("", t.numbers[i])
				}
			}
		}
		for i := range max(len(one.shown.requests), len(other.shown.requests)) {
			for _, t := range []*trail{&one.shown, &other.shown} {
				if i < len(t.requests) {
					shown.add(t.requests[i])
				}
			}
		}
		shown.more += one.shown.more + other.shown.more
		stages := maps.Clone(one.stages)
		for in, n := range other.stages {
			stages[in] += n
		}
		f := m.finding(ApprovalPair, key.approver+" "+key.requester, only(contracts), []string{key.approver, key.requester},
			float64(min(one.n, other.n))/float64(m.limits.PairLeast), &shown,
			"%s and %s approve each other: %s and %s, which is %d%% and %d%% of what people approved for each of them.",
			key.approver, key.requester, times(one.n), times(other.n), percent(partOne), percent(partOther))
		a.inEach(m, &f, contracts, stages)
		out = append(out, f)
	}
	return out
}
