package review

import (
	"maps"
	"slices"
)

// tally sums requests up.
type tally struct {
	requests                 int
	people                   map[string]bool
	states, outcomes         map[string]int
	toDecide, toAccess, open lengths
	hours, known, used       float64
	usedOf                   int
}

func newTally() *tally {
	return &tally{people: map[string]bool{}, states: map[string]int{}, outcomes: map[string]int{}}
}

func (t *tally) add(r Request, p Period) {
	t.requests++
	t.people[r.Requester.ID] = true
	t.states[string(r.State)]++
	if r.Outcome != "" {
		t.outcomes[string(r.Outcome)]++
	}
	if len(r.Decisions) > 0 && !r.DecidedAt.IsZero() {
		t.toDecide.add(r.DecidedAt.Sub(r.AskedAt))
	}
	if !r.Opened() {
		return
	}
	if !r.Planned() {
		t.toAccess.add(r.OpenedAt.Sub(r.AskedAt))
	}
	from, to := r.OpenIn(p)
	t.open.add(r.OpenFor(p.To))
	t.hours += to.Sub(from).Hours()
	if used, known := r.Used(p.To); known {
		t.usedOf++
		t.known += r.OpenFor(p.To).Hours()
		t.used += used.Hours()
	}
}

func (t *tally) figures() Figures {
	f := Figures{Requests: t.requests, People: len(t.people), ByState: t.states, Outcomes: t.outcomes,
		ToDecide: t.toDecide.spread(), ToAccess: t.toAccess.spread(), Open: t.open.spread(), Hours: round(t.hours), UsedOf: t.usedOf}
	if t.known > 0 {
		f.Used = round(t.used / t.known)
	}
	return f
}

// ownerTally sums up the requests under the contracts of one owner.
type ownerTally struct {
	all        *tally
	byContract map[string]*tally
}

func (o *ownerTally) add(r Request, p Period) {
	o.all.add(r, p)
	if o.byContract[r.Contract] == nil {
		o.byContract[r.Contract] = newTally()
	}
	o.byContract[r.Contract].add(r, p)
}

func (o *ownerTally) part(owner string) OwnerPart {
	part := OwnerPart{Owner: owner, Figures: o.all.figures(), Findings: []string{}, Uses: []ContractUses{}}
	for _, name := range slices.Sorted(maps.Keys(o.byContract)) {
		part.Uses = append(part.Uses, ContractUses{Contract: name, Figures: o.byContract[name].figures()})
	}
	return part
}
