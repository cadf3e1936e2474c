package review

import (
	"fmt"
	"maps"
	"slices"
)

// unused finds access that was opened and not used, or used for a small part of its time.
// It looks at access that is over and of which the use is known.
type unused struct {
	period Period
	by     map[personUnder]*usage
}

// personUnder is one person under one contract.
type personUnder struct{ person, contract string }

func (p personUnder) compare(o personUnder) int {
	switch {
	case p.person < o.person || p.person == o.person && p.contract < o.contract:
		return -1
	case p == o:
		return 0
	}
	return 1
}

// usage is what is known of one person's accesses under one contract.
type usage struct {
	known, never      int
	parts             []float64 // of the time that access was open, in use, without those never used
	neverShown, shown trail
}

func newUnused(p Period) *unused { return &unused{period: p, by: map[personUnder]*usage{}} }

func (u *unused) add(r Request, during bool) {
	used, known := r.Used(u.period.To)
	open := r.OpenFor(u.period.To)
	if !during || !known && !r.WasUsed() || r.ClosedAt.IsZero() || open <= 0 {
		return
	}
	key := personUnder{r.Requester.ID, r.Contract}
	if u.by[key] == nil {
		u.by[key] = &usage{}
	}
	of := u.by[key]
	of.known++
	if !known {
		return // it was used, and nobody knows for how long
	}
	if never := r.Usage == nil || !r.Usage.Used(); used == 0 && never {
		of.never++
		of.neverShown.add(r.ID, r.Events.Opened, r.Events.Closed)
		return
	}
	of.parts = append(of.parts, float64(used)/float64(open))
	of.shown.add(r.ID, r.Events.Opened, r.Events.Closed)
}

func (u *unused) findings(m *Maker) (out []Finding) {
	for _, key := range slices.SortedFunc(maps.Keys(u.by), personUnder.compare) {
		of := u.by[key]
		if of.never >= m.limits.NeverUsed {
			out = append(out, m.finding(NeverUsed, key.person, key.contract, []string{key.person}, float64(of.never)/float64(m.limits.NeverUsed), &of.neverShown,
				"%s opened access under %s and did not use it, %d of %s.", key.person, key.contract, of.never, times(of.known)))
		}
		if len(of.parts) < m.limits.LittleLeast {
			continue
		}
		if median := quantile(of.parts, 0.5); median <= m.limits.LittleUsed {
			out = append(out, m.finding(LittleUsed, key.person, key.contract, []string{key.person}, m.limits.LittleUsed/max(median, 0.001), &of.shown,
				"%s used access under %s for %d%% of its time (the median of %s): a shorter one would have been enough.", key.person, key.contract, percent(median), times(len(of.parts))))
		}
	}
	return out
}

// times writes "once", "5 times".
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
