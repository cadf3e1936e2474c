package contracts

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// auto is the condition under which the contract itself approves, and the length of
// access up to which it does.
type auto struct {
	Auto     string `yaml:"auto" schema:"maxLength=2000"`
	AutoUpTo string `yaml:"autoUpTo" schema:"duration"`

	condition *condition
	upTo      access.Duration // 0: up to duration.max
}

// fieldAuto names the condition in the trace.
const fieldAuto = "approval.auto"

func (*auto) section() string { return "approval" }

func (a *auto) check(d *document) {
	stages := d.contract.terms.stages.Stages
	a.condition = d.condition(a.Auto, "approval", "auto")
	if a.condition != nil && !a.possible() && len(stages) == 0 {
		d.issue("auto_never", "approval.auto is always false and there are no stages, so that nobody could approve", "approval", "auto")
	}
	if !d.written("approval", "autoUpTo") {
		return
	}
	a.upTo = d.length(a.AutoUpTo, "approval", "autoUpTo")
	most := d.contract.terms.duration.max
	switch {
	case a.Auto == "":
		d.issue("auto_up_to", "approval.autoUpTo bounds what approval.auto approves, and there is none", "approval", "autoUpTo")
	case a.upTo > most && most > 0:
		d.issue("auto_up_to", fmt.Sprintf("autoUpTo %s is over the max %s, so that it would bound nothing", a.upTo, most), "approval", "autoUpTo")
	case a.upTo > 0 && a.upTo < most && len(stages) == 0:
		d.issue("auto_up_to", fmt.Sprintf("there are no stages, so that nobody could approve more than %s; add stages or lower duration.max", a.upTo), "approval", "autoUpTo")
	}
}

// possible reports whether the condition may ever be satisfied.
func (a *auto) possible() bool { return a.condition != nil && !a.condition.never }

// plan records whether the contract approves. A condition that could not be
// evaluated approves nothing.
func (a *auto) plan(q *query) {
	if a.condition == nil || q.Request.BreakGlass {
		return
	}
	switch q.evaluate(fieldAuto, a.condition) {
	case Satisfied:
		q.draft.Rule.Auto = a.shortEnough(q)
	case Unevaluated:
		if len(q.contract.terms.stages.Stages) == 0 {
			q.refuseAtOnce(CouldNotEvaluate, "auto_unevaluated", "whether this is approved by itself could not be evaluated, and nobody else can approve it")
		}
	}
}

func (a *auto) shortEnough(q *query) bool {
	if a.upTo == 0 {
		return true
	}
	step := Step{Field: "approval.autoUpTo", Expression: fmt.Sprintf("%s <= %s", q.draft.Duration, a.upTo), Result: Satisfied}
	if q.draft.Duration > a.upTo {
		step.Result = NotSatisfied
	}
	q.result.Trace = append(q.result.Trace, step)
	return step.Result == Satisfied
}

// bound returns how far access that nobody approved may be extended: not past what
// the contract approves by itself.
func (a *auto) bound(limits *access.ExtensionLimits, d access.Duration) *access.ExtensionLimits {
	switch {
	case limits == nil || a.upTo == 0 || limits.UpTo <= a.upTo:
		return limits
	case a.upTo <= d:
		return nil
	}
	return &access.ExtensionLimits{Times: limits.Times, UpTo: a.upTo}
}

func (a *auto) offer(o *Offer) {
	o.Approval.Automatic, o.Approval.AutomaticUpTo = a.condition != nil, a.upTo
}

func (*auto) explain(p access.Plan) []Line {
	if !p.Rule.Auto {
		return nil
	}
	return []Line{{"approval", "by the contract itself"}}
}
