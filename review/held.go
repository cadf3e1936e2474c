package review

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// heldTimes is for how much of the period each person held access.
type heldTimes struct {
	period Period
	by     map[string]*holder
	spans  []Span // the longest
}

// holder is when one person held access.
type holder struct {
	person    Person
	open      []stretch
	contracts map[string]time.Duration
	shown     trail
}

// stretch is a time in the period, in seconds of Unix time.
type stretch struct{ from, to int64 }

// maxSpans bounds the accesses that a report's timeline shows.
const maxSpans = 200

func newHeldTimes(p Period) *heldTimes { return &heldTimes{period: p, by: map[string]*holder{}} }

// add takes in access that was open in the period, no matter when it was asked for.
func (h *heldTimes) add(r Request, _ bool) {
	from, to := r.OpenIn(h.period)
	if !to.After(from) || to.Before(h.period.From) {
		return
	}
	of := h.by[r.Requester.ID]
	if of == nil {
		of = &holder{person: r.Requester, contracts: map[string]time.Duration{}}
		h.by[r.Requester.ID] = of
	}
	of.open = append(of.open, stretch{from.Unix(), to.Unix()})
	of.contracts[r.Contract] += to.Sub(from)
	of.shown.add(r.ID, r.Events.Opened, r.Events.Closed)
	h.spans = append(h.spans, Span{Request: r.ID, Person: r.Requester.ID, Contract: r.Contract, From: from, To: to, Open: r.ClosedAt.IsZero() || r.ClosedAt.After(h.period.To)})
	if len(h.spans) > 2*maxSpans {
		h.keepLongest()
	}
}

func (h *heldTimes) keepLongest() {
	slices.SortStableFunc(h.spans, func(a, b Span) int { return cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)) })
	h.spans = h.spans[:min(len(h.spans), maxSpans)]
}

// longest returns the longest accesses by their beginnings.
func (h *heldTimes) longest() []Span {
	h.keepLongest()
	out := append([]Span{}, h.spans...)
	slices.SortStableFunc(out, func(a, b Span) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Request, b.Request)) })
	return out
}

// union returns the times without their overlaps, in order.
func union(open []stretch) (out []stretch) {
	slices.SortFunc(open, func(a, b stretch) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for _, s := range open {
		if last := len(out) - 1; last >= 0 && s.from <= out[last].to {
			out[last].to = max(out[last].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// share returns the part of the period for which a person held access.
func (h *heldTimes) share(of *holder) float64 {
	var seconds int64
	for _, s := range union(of.open) {
		seconds += s.to - s.from
	}
	return float64(seconds) / max(h.period.Length().Seconds(), 1)
}

// heat returns the hours that each person held access by weekday, the longest first.
func (h *heldTimes) heat() []Held {
	out := []Held{}
	for _, id := range slices.Sorted(maps.Keys(h.by)) {
		of := h.by[id]
		one := Held{Person: of.person, Share: round(h.share(of))}
		for _, s := range union(of.open) {
			for at := h.period.in(time.Unix(s.from, 0)); at.Unix() < s.to; {
				next := time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, at.Location())
				if next.Unix() > s.to {
					next = time.Unix(s.to, 0).In(at.Location())
				}
				one.Hours[(int(at.Weekday())+6)%7] += next.Sub(at).Hours()
				at = next
			}
		}
		for i := range one.Hours {
			one.Hours[i] = round(one.Hours[i])
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b Held) int { return cmp.Compare(b.Share, a.Share) })
	return out
}

func (h *heldTimes) findings(m *Maker) (out []Finding) {
	for _, id := range slices.Sorted(maps.Keys(h.by)) {
		of := h.by[id]
		share := h.share(of)
		if share < m.limits.HeldLong {
			continue
		}
		out = append(out, m.finding(HeldLong, id, of.mostly(), []string{id}, share/m.limits.HeldLong, &of.shown,
			"%s held access for %d%% of the period, under %s: that is close to standing access.", id, percent(share), inList(slices.Sorted(maps.Keys(of.contracts)), 3)))
	}
	return out
}

// mostly returns the contract under which nearly all of the time was held, "" where there
// is none.
func (of *holder) mostly() string {
	var all, most time.Duration
	var name string
	for _, contract := range slices.Sorted(maps.Keys(of.contracts)) {
		d := of.contracts[contract]
		if all += d; d > most {
			most, name = d, contract
		}
	}
	if most < all*9/10 {
		return ""
	}
	return name
}
