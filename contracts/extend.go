package contracts

import (
	"fmt"

	"ramp.dev/ramp/access"
)

const maxExtensions = 20

// extend is how far access may be extended without a new request. Approvers
// approve it with the plan.
type extend struct {
	Times number `yaml:"times" schema:"required minimum=1 maximum=20"`
	UpTo  string `yaml:"upTo" schema:"required duration minLength=1"`

	limits *access.ExtensionLimits // nil: access cannot be extended
}

func (*extend) section() string { return "extend" }

func (e *extend) check(d *document) {
	if !d.written("extend") {
		return
	}
	up := d.length(e.UpTo, "extend", "upTo")
	if e.Times < 1 || e.Times > maxExtensions {
		d.issue("extend_times", fmt.Sprintf("extend.times is 1 to %d", maxExtensions), "extend", "times")
	}
	if up > 0 && up < d.contract.terms.duration.max {
		d.issue("extend_up_to", "extend.upTo is the whole length and cannot be under duration.max", "extend", "upTo")
	}
	e.limits = &access.ExtensionLimits{Times: int(e.Times), UpTo: up}
}

func (e *extend) plan(q *query) {
	q.draft.Extend = e.limits
	if q.draft.Rule.Auto {
		q.draft.Extend = q.contract.terms.auto.bound(e.limits, q.draft.Duration)
	}
}

func (e *extend) offer(o *Offer) { o.Extend = e.limits }

func (*extend) explain(p access.Plan) []Line {
	if p.Extend == nil {
		return nil
	}
	times := fmt.Sprintf("%d times", p.Extend.Times)
	if p.Extend.Times == 1 {
		times = "once"
	}
	return []Line{{"extend", fmt.Sprintf("%s, to %s in all", times, p.Extend.UpTo)}}
}
