package contracts

import (
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// who is the condition that says who may request access under the contract.
type who struct {
	Who string `yaml:"who" schema:"required minLength=1 maxLength=2000"`

	condition *condition
}

// fieldWho names the condition in the trace.
const fieldWho = "request.who"

func (*who) section() string { return "request" }

func (w *who) check(d *document) {
	if w.Who == "" {
		d.issue("who_missing", "request.who must say who may request this", "request", "who")
		return
	}
	w.condition = d.condition(w.Who, "request", "who")
}

// admit refuses with this one issue: what a contract allows is no business of
// those who may not use it.
func (w *who) admit(q *query) {
	switch q.evaluate(fieldWho, w.condition) {
	case NotSatisfied:
		q.refuseAtOnce(Refused, "not_eligible", "contract %s is not for you; %s", q.contract.Name, inGroups(q.Person))
	case Unevaluated:
		q.refuseAtOnce(CouldNotEvaluate, "who_unevaluated", "whether contract %s is for you could not be evaluated, so it is not", q.contract.Name)
	}
}

// CheckEligible evaluates request.who again for somebody who has access already:
// for the person as they are now, under the contract as it is now, and their
// engagement, which must not be over by the new end. Nothing else
// of the contract is looked at; what was approved stays as it was approved.
// Errors are CodeForbidden, and CodeUnevaluated if the condition could not be evaluated.
func (c *Contract) CheckEligible(in Input, d access.Duration, end time.Time) error {
	// What no longer fits the params as they are declared now is left out: then
	// a condition that needs it cannot be evaluated.
	params, _ := c.terms.params.values(c.Name, in.Request.Params)
	switch c.terms.who.condition.eval(fieldWho, variables(in, params, d)).Result {
	case Satisfied:
		return c.terms.engagement.checkStill(in.Person, in.Now, end)
	case NotSatisfied:
		return access.Refuse(access.CodeForbidden, "no_longer_eligible", "contract %s is no longer for you", c.Name)
	}
	return access.Refuse(access.CodeUnevaluated, "who_unevaluated", "whether contract %s is still for you could not be evaluated, so it is not", c.Name)
}

// inGroups names the groups that somebody is in, for them to compare with those that they
// expected.
func inGroups(p access.Person) string {
	if len(p.Groups) == 0 {
		return "you are in no group"
	}
	return "your groups are " + access.Clip(strings.Join(p.Groups, ", "), 200)
}
