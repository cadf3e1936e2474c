package contracts

import (
	"fmt"
	"time"
	"unicode/utf8"

	"ramp.dev/ramp/access"
)

// Input is one question under a contract.
type Input struct {
	Person  access.Person
	Request access.RequestInput
	Now     time.Time
}

// Result is the answer to a question.
type Result string

const (
	Allowed          Result = "allowed" // it may be asked; approval follows
	Refused          Result = "refused"
	CouldNotEvaluate Result = "unevaluated"
)

// Evaluation is the answer with its reasons. Draft is set only when allowed.
type Evaluation struct {
	Result Result         `json:"verdict"`
	Issues []access.Issue `json:"issues,omitempty"`
	Trace  []Step         `json:"trace"`
	Draft  Draft          `json:"draft,omitzero"`
}

// Draft is what the contract makes of the question; the server completes it to
// a plan.
type Draft struct {
	Params     map[string]any          `json:"params,omitempty"`
	Duration   access.Duration         `json:"duration"`
	PendingFor access.Duration         `json:"pendingFor"`
	Grants     []access.PlannedGrant   `json:"grants"` // target and entitlement only
	Rule       access.Rule             `json:"rule"`
	Extend     *access.ExtensionLimits `json:"extend,omitempty"`
	StepUp     access.Duration         `json:"stepUp,omitempty"` // of the requester
}

// Err is nil when allowed; otherwise CodeForbidden (not eligible),
// CodeUnevaluated, or CodeInvalid with every issue.
func (e Evaluation) Err() error {
	switch e.Result {
	case Allowed:
		return nil
	case CouldNotEvaluate:
		return &access.Error{Code: access.CodeUnevaluated, Issues: e.Issues}
	}
	for _, i := range e.Issues {
		if i.Code == "not_eligible" {
			return &access.Error{Code: access.CodeForbidden, Issues: e.Issues}
		}
	}
	return &access.Error{Code: access.CodeInvalid, Issues: e.Issues}
}

// Evaluate answers a question. It is a pure function of contract and input.
func (c *Contract) Evaluate(in Input) Evaluation {
	var e Evaluation
	params, issues := c.checkParams(in.Request.Params)
	d, more := c.checkDuration(in.Request.Duration)
	issues = append(issues, more...)
	issues = append(issues, c.checkReason(in.Request.Reason, d)...)
	issues = append(issues, in.checkStart()...)
	vars := variables(in, params, d)

	// Who comes first: what a contract allows is no business of those who may
	// not ask under it.
	who := c.who.eval("who may ask", vars)
	e.Trace = append(e.Trace, who)
	switch who.Result {
	case NotSatisfied:
		return e.refuse(Refused, access.Issue{Code: "not_eligible", Message: fmt.Sprintf("contract %s is not for you", c.Name)})
	case Unevaluated:
		return e.refuse(CouldNotEvaluate, access.Issue{Code: "who_unevaluated",
			Message: fmt.Sprintf("whether contract %s is for you could not be evaluated, so it is not", c.Name)})
	}
	issues = append(issues, c.checkTicket(&e, in, vars)...)
	if len(issues) > 0 {
		return e.refuse(Refused, issues...)
	}
	rule, problem := c.rule(&e, vars)
	if problem != nil {
		return e.refuse(CouldNotEvaluate, *problem)
	}
	e.Result = Allowed
	e.Draft = Draft{Params: params, Duration: d, PendingFor: c.pending, Rule: rule, Extend: c.extend, StepUp: c.stepUp.Request,
		Grants: c.fillGrants(in.Person, params)}
	return e
}

func (e Evaluation) refuse(v Result, issues ...access.Issue) Evaluation {
	e.Result, e.Issues = v, append(e.Issues, issues...)
	return e
}

// checkTicket: a condition that cannot be evaluated asks for the ticket.
func (c *Contract) checkTicket(e *Evaluation, in Input, vars map[string]any) []access.Issue {
	needed := c.ticket.Required
	if w := c.ticket.When; w != nil {
		s := w.eval("ticket needed", vars)
		e.Trace = append(e.Trace, s)
		needed = needed || s.Result != NotSatisfied
	}
	t := in.Request.Ticket
	switch {
	case t == "" && needed:
		return []access.Issue{{Code: "ticket_missing", Field: "ticket", Message: "this request needs a ticket"}}
	case t != "" && (utf8.RuneCountInString(t) > 100 || hidden(t) || c.ticket.Pattern != nil && !c.ticket.Pattern.matches(t)):
		return []access.Issue{{Code: "ticket_malformed", Field: "ticket", Message: fmt.Sprintf("%q is not a ticket%s", access.Clip(t, 40), c.ticket.form())}}
	}
	return nil
}

func (t ticketRule) form() string {
	if t.Pattern == nil {
		return ""
	}
	return "; it must match " + t.Pattern.String()
}

// rule says who must approve. A condition that cannot be evaluated never makes
// it less: the stage applies, and the automatic approval does not.
func (c *Contract) rule(e *Evaluation, vars map[string]any) (access.Rule, *access.Issue) {
	r := access.Rule{DenyThreshold: c.deny, SelfApproval: c.self, Passkey: c.passkey, StepUp: c.stepUp.Approve}
	if c.auto != nil {
		s := c.auto.eval("approved by the contract itself", vars)
		e.Trace = append(e.Trace, s)
		if s.Result == Satisfied {
			r.Auto = true
			return r, nil
		}
		if s.Result == Unevaluated && len(c.stages) == 0 {
			return r, &access.Issue{Code: "auto_unevaluated", Message: "whether this is approved by itself could not be evaluated, and nobody else can approve it"}
		}
	}
	for _, st := range c.stages {
		if st.When != nil {
			s := st.When.eval("stage "+st.Name, vars)
			e.Trace = append(e.Trace, s)
			if s.Result == NotSatisfied {
				continue
			}
		}
		r.Stages = append(r.Stages, st.Stage)
	}
	if len(r.Stages) == 0 {
		return r, &access.Issue{Code: "nobody_approves", Message: "nobody can approve this under the contract"}
	}
	return r, nil
}

func (c *Contract) fillGrants(p access.Person, params map[string]any) []access.PlannedGrant {
	values := map[string]string{"person.id": p.ID}
	for k, v := range params {
		values["params."+k] = fmt.Sprint(v)
	}
	out := make([]access.PlannedGrant, len(c.grants))
	for i, g := range c.grants {
		e, _ := fill(map[string]any(g.Entitlement), values).(map[string]any)
		out[i] = access.PlannedGrant{Target: g.Target, Entitlement: e}
	}
	return out
}
