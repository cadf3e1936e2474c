package contracts

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// escalate is who else may decide once a request has waited.
type escalate struct {
	Escalate []escalation `yaml:"escalate" schema:"maxItems=5"`
}

type escalation struct {
	After  string   `yaml:"after" schema:"required duration minLength=1"`
	To     []string `yaml:"to" schema:"name"`
	OnCall []string `yaml:"oncall" schema:"name maxItems=5"`

	after access.Duration
}

const maxEscalations = 5

func (*escalate) section() string { return "approval" }

func (e *escalate) check(d *document) {
	if len(e.Escalate) > maxEscalations {
		d.issue("escalate", fmt.Sprintf("approval.escalate has %d steps at the most", maxEscalations), "approval", "escalate")
	}
	if len(e.Escalate) > 0 && len(d.contract.terms.stages.Stages) == 0 {
		d.issue("escalate_nobody", "nobody approves under this contract, so nothing can be escalated", "approval", "escalate")
	}
	for i := range e.Escalate {
		step := &e.Escalate[i]
		step.after = d.length(step.After, "approval", "escalate", i, "after")
		if len(step.To) == 0 && len(step.OnCall) == 0 {
			d.issue("escalate", "an escalation needs groups or schedules: to: [leads], oncall: [leads]", "approval", "escalate", i)
		}
		checkSchedules(d, step.OnCall, []any{"approval", "escalate", i, "oncall"})
		checkNames(d, "a group's name cannot be blank", step.To, []any{"approval", "escalate", i, "to"})
		if pending := d.contract.terms.pending.length; pending > 0 && step.after >= pending {
			d.issue("escalate_too_late", fmt.Sprintf("after %s the request has lapsed (pendingFor %s), so that nobody could decide any more", step.after, pending), "approval", "escalate", i, "after")
		}
	}
}

func (e *escalate) plan(q *query) {
	if q.draft.Rule.Auto {
		return
	}
	for _, step := range e.Escalate {
		q.draft.Rule.Escalate = append(q.draft.Rule.Escalate, access.Escalation{After: step.after, To: append([]string{}, step.To...), OnCall: step.OnCall})
	}
}

func (*escalate) explain(p access.Plan) (lines []Line) {
	for _, e := range p.Rule.Escalate {
		lines = append(lines, Line{"escalation", fmt.Sprintf("after %s %s may decide too", e.After, e.Who())})
	}
	return lines
}
