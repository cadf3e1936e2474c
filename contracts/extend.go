package contracts

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
)

const maxExtensions = 20

// extend is how far access may be extended without a new request. Approvers approve
// that with the plan, or people decide each extension.
type extend struct {
	Times     number    `yaml:"times" schema:"required minimum=1 maximum=20"`
	UpTo      string    `yaml:"upTo" schema:"required duration minLength=1"`
	Approval  string    `yaml:"approval" schema:"enum=request|same|"`
	Approvers approvers `yaml:"approvers"`

	limits *access.ExtensionLimits // nil: access cannot be extended
	asks   bool                    // the extension has approvers of its own
}

// approvalSame has an extension approved by the rule of the request, once more.
const approvalSame = "same"

// fieldExtendApprovers is where the approvers of extensions are written, in the trace.
const fieldExtendApprovers = "extend.approvers"

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
	if e.asks = d.written("extend", "approvers"); e.asks {
		e.Approvers.check(d, "extend", "approvers")
	}
	switch {
	case e.Approval != "" && e.Approval != "request" && e.Approval != approvalSame:
		d.issue("extend_approval", "extend.approval is request (approved with the request) or same (by the same rule, anew); other people are named in extend.approvers", "extend", "approval")
	case e.asks && e.Approval != "":
		d.issue("extend_approval", "extend.approval says who approves an extension, and so does extend.approvers; write one of them", "extend", "approvers")
	case e.Approval == approvalSame && len(d.contract.terms.stages.Stages) == 0:
		d.issue("extend_same", "there are no stages that could approve an extension anew; leave extend.approval out, or name extend.approvers", "extend", "approval")
	}
	e.limits = &access.ExtensionLimits{Times: int(e.Times), UpTo: up}
}

// plan adds how far the access may be extended, and who decides it. Where nobody could,
// it cannot be extended.
func (e *extend) plan(q *query) {
	if e.limits == nil || q.Request.BreakGlass {
		return
	}
	if !e.asks && e.Approval != approvalSame {
		q.draft.Extend = e.limits
		if q.draft.Rule.Auto {
			q.draft.Extend = q.contract.terms.auto.bound(e.limits, q.draft.Duration)
		}
		return
	}
	rule := q.draft.Rule // with its words, denials and login
	rule.Auto, rule.Stages = false, nil
	if e.asks {
		own, anybody := e.Approvers.plan(q, fieldExtendApprovers+".where")
		if !anybody {
			return
		}
		rule.Stages = []access.Stage{(&stage{Name: "extension"}).asPlanned([]access.Approvers{own})}
	} else if rule.Stages = q.contract.terms.stages.forExtension(q, e.limits.UpTo); len(rule.Stages) == 0 {
		return
	}
	limits := *e.limits
	limits.Rule = &rule
	q.draft.Extend = &limits
}

func (e *extend) offer(o *Offer) {
	o.Extend = e.limits
	switch {
	case e.asks:
		own := e.Approvers.asPlanned()
		if e.Approvers.ManagerOf != "" {
			own.People = append(slices.Clone(own.People), "your manager")
		}
		o.ExtendApproval = &OfferApproval{Stages: []access.Stage{(&stage{Name: "extension"}).asPlanned([]access.Approvers{own})}}
	case e.Approval == approvalSame:
		o.ExtendApproval = &OfferApproval{Stages: o.Approval.Stages}
	}
}

func (*extend) explain(p access.Plan) []Line {
	if p.Extend == nil {
		return nil
	}
	times := fmt.Sprintf("%d times", p.Extend.Times)
	if p.Extend.Times == 1 {
		times = "once"
	}
	lines := []Line{{"extend", fmt.Sprintf("%s, to %s in all", times, p.Extend.UpTo)}}
	if p.AsksForExtensions() {
		for _, s := range p.Extend.Rule.Stages {
			lines = append(lines, Line{"extension", fmt.Sprintf("each is approved by %s (%s)", s.Needs(), s.Name)})
		}
	}
	return lines
}
