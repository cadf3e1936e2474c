package review

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// glass finds uses of break glass that nobody has reviewed in time. It looks at earlier
// ones, too: they stay findings until somebody writes the review.
type glass struct {
	period Period
	late   []Request
}

func newGlass(p Period) *glass { return &glass{period: p} }

func (g *glass) add(r Request, _ bool) {
	if b := r.BreakGlass; b != nil && r.Opened() && b.ReviewBy.Before(g.period.To) && (b.ReviewedAt.IsZero() || !b.ReviewedAt.Before(g.period.To)) {
		g.late = append(g.late, r)
	}
}

func (g *glass) findings(m *Maker) (out []Finding) {
	for _, r := range g.late {
		late := g.period.To.Sub(r.BreakGlass.ReviewBy)
		var shown trail
		shown.add(r.ID, r.Events.Glass, r.Events.Opened)
		out = append(out, m.finding(GlassReview, r.ID, r.Contract, []string{r.Requester.ID}, 1+late.Hours()/24, &shown,
			"%s opened access under %s with nobody's consent, and nobody has reviewed it: the review was due by %s.", r.Requester.ID, r.Contract, access.FormatTime(r.BreakGlass.ReviewBy)))
	}
	return out
}

// endings finds accesses whose ending took longer than the target's bound, and targets that
// differed from what was granted.
type endings struct {
	period  Period
	overdue map[string]*onTarget
	drifts  map[string]*onTarget
}

type onTarget struct {
	n         int
	contracts map[string]bool
	people    map[string]bool
	shown     trail
}

func newEndings(p Period) *endings {
	return &endings{period: p, overdue: map[string]*onTarget{}, drifts: map[string]*onTarget{}}
}

func (e *endings) add(r Request, _ bool) {
	take := func(of map[string]*onTarget, event int64) {
		for _, target := range r.Targets {
			if of[target] == nil {
				of[target] = &onTarget{contracts: map[string]bool{}, people: map[string]bool{}}
			}
			t := of[target]
			t.n++
			t.contracts[r.Contract], t.people[r.Requester.ID] = true, true
			t.shown.add(r.ID, event)
		}
	}
	if !r.OverdueAt.IsZero() && e.period.Holds(r.OverdueAt) {
		take(e.overdue, r.Events.Overdue)
	}
	for i, at := range r.Drifts {
		if !e.period.Holds(at) {
			continue
		}
		var event int64
		if i < len(r.Events.Drifts) {
			event = r.Events.Drifts[i]
		}
		take(e.drifts, event)
	}
}

func (e *endings) findings(m *Maker) (out []Finding) {
	for _, target := range sortedKeys(e.overdue) {
		t := e.overdue[target]
		out = append(out, m.finding(Overdue, target, only(t.contracts), nil, float64(t.n), &t.shown,
			"The end of access on %s took longer than the target's bound %s.", target, times(t.n)))
	}
	for _, target := range sortedKeys(e.drifts) {
		t := e.drifts[target]
		out = append(out, m.finding(Drift, target, only(t.contracts), sortedKeys(t.people), float64(t.n), &t.shown,
			"%s differed %s from what was granted: somebody else than Ramp had changed it.", target, times(t.n)))
	}
	return out
}

// digest shortens a text to what tells it apart in a finding's subject.
func digest(text string) string {
	f := Finding{Subject: text}
	f.identify()
	return fmt.Sprintf("%.8s", f.ID)
}
