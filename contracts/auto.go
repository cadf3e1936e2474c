package contracts

import "ramp.dev/ramp/access"

// auto is the condition under which the contract itself approves.
type auto struct {
	Auto string `yaml:"auto" schema:"maxLength=2000"`

	condition *condition
}

func (*auto) section() string { return "approval" }

func (a *auto) check(d *document) {
	a.condition = d.condition(a.Auto, "approval", "auto")
	if a.condition != nil && !a.possible() && len(d.contract.terms.stages.Stages) == 0 {
		d.issue("auto_never", "approval.auto is always false and there are no stages, so that nobody could approve", "approval", "auto")
	}
}

// possible reports whether the condition may ever be satisfied.
func (a *auto) possible() bool { return a.condition != nil && !a.condition.never }

// plan: a condition that could not be evaluated approves nothing.
func (a *auto) plan(q *question) {
	if a.condition == nil {
		return
	}
	switch q.evaluate("approval.auto", a.condition) {
	case Satisfied:
		q.draft.Rule.Auto = true
	case Unevaluated:
		if len(q.contract.terms.stages.Stages) == 0 {
			q.refuseAtOnce(CouldNotEvaluate, "auto_unevaluated", "whether this is approved by itself could not be evaluated, and nobody else can approve it")
		}
	}
}

func (a *auto) offer(o *Offer) { o.Approval.Automatic = a.condition != nil }

func (*auto) explain(p access.Plan) []Line {
	if !p.Rule.Auto {
		return nil
	}
	return []Line{{"approval", "by the contract itself"}}
}
