package contracts

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// engagement is the time for which somebody works here, by the dates in two of their
// attributes: access begins in it, and has ended when it is over. What cannot be read
// admits nobody.
type engagement struct {
	From   string `yaml:"from" schema:"name"`
	Until  string `yaml:"until" schema:"name"`
	Zone   string `yaml:"zone"`
	ZoneOf string `yaml:"zoneOf" schema:"enum=requester|"`

	clocks clocks
}

func (*engagement) section() string { return "engagement" }

func (g *engagement) check(d *document) {
	if !d.written("engagement") {
		return
	}
	if g.From == "" && g.Until == "" {
		d.issue("engagement_none", "say in which attributes the dates are: from, until, or both", "engagement")
	}
	g.clocks = d.clocks("engagement", g.Zone, g.ZoneOf)
}

func (g *engagement) set() bool { return g.From != "" || g.Until != "" }

// bounds returns from when and until when the person works here; a zero time is no
// bound. The last day counts until it is over. why says what cannot be read.
func (g *engagement) bounds(p access.Person, zone *time.Location) (from, until time.Time, why string) {
	date := func(name string, days int) (at time.Time) {
		if name == "" {
			return at
		}
		day, err := time.Parse(time.DateOnly, p.Attributes[name])
		switch {
		case p.Attributes[name] == "":
			why = fmt.Sprintf("the attribute %s is not there", name)
		case err != nil:
			why = fmt.Sprintf("the attribute %s is %q, and no date like 2026-12-31", name, access.Clip(p.Attributes[name], 20))
		default:
			return time.Date(day.Year(), day.Month(), day.Day()+days, 0, 0, 0, 0, zone).UTC()
		}
		return at
	}
	return date(g.From, 0), date(g.Until, 1), why
}

// admit refuses what would begin before the engagement or last past its end, with
// break glass as well: an emergency makes nobody a colleague again.
func (g *engagement) admit(q *query) {
	if !g.set() || q.draft.Duration == 0 {
		return // with no length the request is refused already
	}
	zone, known := g.clocks.of(q.Person)
	if !known {
		q.refuseZone("engagement")
		return
	}
	from, until, why := g.bounds(q.Person, zone)
	start := beginning(q)
	step := Step{Field: "engagement", Expression: g.inWords(), Result: Satisfied, Detail: spanInWords(from, until)}
	switch end := start.Add(q.draft.Duration.Std()); {
	case why != "":
		step.Result, step.Detail = Unevaluated, why
		q.refuseAtOnce(CouldNotEvaluate, "engagement_unknown", "for how long you work here could not be read: %s", why)
	case start.Before(from):
		step.Result = NotSatisfied
		q.refuse("engagement_not_begun", "startAt", "you work here from %s on; ask for a start from then on", access.FormatTime(from))
	case g.Until != "" && !start.Before(until):
		step.Result = NotSatisfied
		q.refuse("engagement_over", "startAt", "you work here until %s", access.FormatTime(until))
	case g.Until != "" && end.After(until):
		step.Result = NotSatisfied
		q.refuse("engagement_too_short", "duration", "you work here until %s; ask for %s at most", access.FormatTime(until), access.Duration(until.Sub(start).Truncate(time.Second)))
	}
	q.result.Trace = append(q.result.Trace, step)
}

// plan puts the end of the engagement into the plan, however late access opens and
// however far it is extended. It is there however far off it is, since an approver may
// put the start off (docs/threats.md, case 94).
func (g *engagement) plan(q *query) {
	if g.Until == "" {
		return
	}
	zone, _ := g.clocks.of(q.Person) // admitted
	_, until, _ := g.bounds(q.Person, zone)
	q.notAfter(until)
	if !q.endBy(until) {
		q.refuseAtOnce(Refused, "engagement_too_short", "nobody could decide in time for %s before you leave at %s; ask for less", q.draft.Duration, access.FormatTime(until))
	}
}

// checkStill returns why somebody who has access gets no more of it: their engagement
// is over by now, or it cannot be read. Errors are CodeForbidden and CodeUnevaluated.
func (g *engagement) checkStill(p access.Person, now, end time.Time) error {
	if !g.set() {
		return nil
	}
	zone, known := g.clocks.of(p)
	from, until, why := g.bounds(p, zone)
	switch {
	case !known || why != "":
		return access.Refuse(access.CodeUnevaluated, "engagement_unknown", "for how long you work here could not be read")
	case now.Before(from), g.Until != "" && end.After(until):
		return access.Refuse(access.CodeForbidden, "engagement_over", "you work here %s", spanInWords(from, until))
	}
	return nil
}

// over reports whether the engagement is over, or cannot be read, so that the catalogue
// leaves the contract out.
func (g *engagement) over(p access.Person, now time.Time) bool {
	zone, known := g.clocks.of(p)
	_, until, why := g.bounds(p, zone)
	return g.set() && (!known || why != "" || g.Until != "" && !now.Before(until))
}

func (g *engagement) inWords() string {
	switch {
	case g.Until == "":
		return "from " + g.From
	case g.From == "":
		return "until " + g.Until
	}
	return "from " + g.From + " until " + g.Until
}

func spanInWords(from, until time.Time) string {
	text := ""
	if !from.IsZero() {
		text = "from " + access.FormatTime(from)
	}
	if !until.IsZero() {
		text += " until " + access.FormatTime(until)
	}
	return text
}

func (g *engagement) explain(access.Plan) []Line {
	if !g.set() {
		return nil
	}
	return []Line{{"engagement", "only " + g.inWords()}}
}
