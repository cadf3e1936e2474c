package contracts

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
)

// fieldEscalate names a step of the escalation where tests count what was tried.
func fieldEscalate(i int) string { return fmt.Sprintf("approval.escalate[%d]", i) }

// escalated returns, for each step of a plan's escalation and each decision of a test,
// whether the step lets that person decide by then: too early and of nobody who is named
// is no, and a schedule that could not be known is unknown.
func escalated(p access.Plan, decisions []access.Decision) (out []Step) {
	for i, e := range p.Rule.Escalate {
		for _, d := range decisions {
			named, unknown := d.Approver.InAnyGroup(e.To...), false
			for _, schedule := range e.OnCall {
				at := slices.IndexFunc(d.OnCall, func(f access.Fact) bool { return f.Key == schedule })
				if at < 0 || d.OnCall[at].State == access.FactUnknown {
					unknown = true
					continue
				}
				named = named || d.OnCall[at].HasOnCall(d.Approver, d.At)
			}
			step := Step{Field: fieldEscalate(i), Result: NotSatisfied}
			switch due := d.At.Sub(p.CreatedAt) >= e.After.Std(); {
			case due && named:
				step.Result = Satisfied
			case due && unknown:
				step.Result = Unevaluated
			}
			out = append(out, step)
		}
	}
	return out
}
