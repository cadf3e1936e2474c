package contracts

import (
	"slices"

	"ramp.dev/ramp/access"
)

// admitted returns, for each condition on the approvers of a plan's stages and each decision
// of a test by one of their people, whether it lets that person decide. Whether anybody could
// be let is in the trace, and shows nothing of a condition that lets everybody.
func (c *Contract) admitted(p access.Plan, decisions []access.Decision) (out []Step) {
	for i := range c.terms.stages.Stages {
		st := &c.terms.stages.Stages[i]
		at := slices.IndexFunc(p.Rule.Stages, func(planned access.Stage) bool { return planned.Name == st.Name })
		if at < 0 {
			continue
		}
		for w, a := range st.ways {
			if a.where == nil {
				continue
			}
			for _, way := range p.Rule.Stages[at].Ways() {
				if way.Where == nil || !slices.Equal(way.From, a.From) || !slices.Equal(way.OnCall, a.OnCall) {
					continue
				}
				out = append(out, let(way, st.fieldWhere(w), decisions)...)
			}
		}
	}
	return out
}

// let returns whether the condition of one way lets each of its people who decided.
func let(way access.Approvers, field string, decisions []access.Decision) (out []Step) {
	anybody := way
	anybody.Where = nil
	for _, d := range decisions {
		who := d.Voter()
		switch {
		case !anybody.Admits(who):
		case way.Admits(who):
			out = append(out, Step{Field: field, Result: Satisfied})
		default:
			out = append(out, Step{Field: field, Result: NotSatisfied})
		}
	}
	return out
}
