package review

import (
	"cmp"
	"maps"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
)

// sortedKeys returns the keys of a map in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// denials finds what is asked for and denied again and again, and contracts whose requests
// nobody decides.
type denials struct {
	denied map[personUnder]*shownCount
	lapsed map[string]*shownCount
	asked  map[string]int // that ended with a decision of people, or without one
}

func newDenials() *denials {
	return &denials{denied: map[personUnder]*shownCount{}, lapsed: map[string]*shownCount{}, asked: map[string]int{}}
}

func (d *denials) add(r Request, during bool) {
	if !during {
		return
	}
	if !r.Automatic && r.BreakGlass == nil && r.State != access.StatePending && r.State != access.StateCancelled {
		d.asked[r.Contract]++
	}
	switch r.State {
	case access.StateDenied:
		key := personUnder{r.Requester.ID, r.Contract}
		if d.denied[key] == nil {
			d.denied[key] = &shownCount{}
		}
		d.denied[key].n++
		d.denied[key].shown.add(r.ID, r.Events.Asked, r.Events.Decided)
	case access.StateLapsed:
		if d.lapsed[r.Contract] == nil {
			d.lapsed[r.Contract] = &shownCount{}
		}
		d.lapsed[r.Contract].n++
		d.lapsed[r.Contract].shown.add(r.ID, r.Events.Asked, r.Events.Decided)
	}
}

func (d *denials) findings(m *Maker) (out []Finding) {
	for _, key := range slices.SortedFunc(maps.Keys(d.denied), personUnder.compare) {
		of := d.denied[key]
		if of.n < m.limits.DenialsLeast {
			continue
		}
		out = append(out, m.finding(Denials, key.person, key.contract, []string{key.person}, float64(of.n)/float64(m.limits.DenialsLeast), &of.shown,
			"%s asked %s under %s and was denied: either they try it on, or the contract promises what nobody gives.", key.person, times(of.n), key.contract))
	}
	for _, name := range sortedKeys(d.lapsed) {
		of := d.lapsed[name]
		part := float64(of.n) / float64(max(d.asked[name], 1))
		if of.n < m.limits.LapsedLeast || part < m.limits.LapsedShare {
			continue
		}
		out = append(out, m.finding(ApproversIdle, name, name, nil, part/m.limits.LapsedShare, &of.shown,
			"Nobody decided %d of %s under %s in time: its approvers are too few, or are not told.", of.n, plaintext.Count(d.asked[name], "request"), name))
	}
	return out
}

// refusals finds acts that Ramp refused, again and again.
type refusals struct {
	by     map[refused]*shownCount
	humans map[string]map[string]bool // those for whom an account acted, by its id
}

type refused struct{ person, act, code string }

func newRefusals() *refusals {
	return &refusals{by: map[refused]*shownCount{}, humans: map[string]map[string]bool{}}
}

func (*refusals) add(Request, bool) {}

func (s *refusals) take(r Refusal) {
	key := refused{r.By, r.Act, r.Code}
	if s.by[key] == nil {
		s.by[key] = &shownCount{}
	}
	s.by[key].n += max(r.Times, 1)
	s.by[key].shown.add(r.Request, r.Event)
	if r.Human != "" && r.Human != r.By {
		if s.humans[r.By] == nil {
			s.humans[r.By] = map[string]bool{}
		}
		s.humans[r.By][r.Human] = true
	}
}

func (s *refusals) findings(m *Maker) (out []Finding) {
	keys := slices.SortedFunc(maps.Keys(s.by), func(a, b refused) int {
		return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.act, b.act), cmp.Compare(a.code, b.code))
	})
	for _, key := range keys {
		of := s.by[key]
		if of.n < m.limits.RefusedLeast {
			continue
		}
		// What an agent tries is its human's to explain, and not to dismiss.
		about := append([]string{key.person}, sortedKeys(s.humans[key.person])...)
		out = append(out, m.finding(Refusals, key.person+" "+key.act+" "+key.code, "", about, float64(of.n)/float64(m.limits.RefusedLeast), &of.shown,
			"Ramp refused %s of %s %s, with %s.", access.Act(key.act).Phrase(), key.person, times(of.n), key.code))
	}
	return out
}
