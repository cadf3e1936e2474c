package contracts

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// stepUp is the greatest age of a person's login when they do what opens access.
type stepUp struct {
	StepUp stepUpAges `yaml:"stepUp"`

	ages access.StepUp
}

type stepUpAges struct {
	Request string `yaml:"request" schema:"duration"` // to request, to extend and to pick up credentials
	Approve string `yaml:"approve" schema:"duration"`
}

// The bounds of an age: the shortest leaves time to come back from the provider and
// read the plan; a longer one than the longest would require nothing of anybody.
const (
	minStepUp = access.Duration(time.Minute)
	maxStepUp = access.Duration(7 * 24 * time.Hour)
)

func (*stepUp) section() string { return "" }

func (s *stepUp) check(d *document) {
	s.ages = access.StepUp{Request: checkAge(d, s.StepUp.Request, "request"), Approve: checkAge(d, s.StepUp.Approve, "approve")}
	if s.ages.Approve > 0 && len(d.contract.terms.stages.Stages) == 0 {
		d.issue("step_up_auto", "nobody approves under this contract, so nobody can be asked to log in for it; use stepUp.request", "stepUp", "approve")
	}
}

// checkAge returns an age that is written; 0 if it is not.
func checkAge(d *document, text, field string) access.Duration {
	if !d.written("stepUp", field) {
		return 0
	}
	age := d.length(text, "stepUp", field)
	if age != 0 && (age < minStepUp || age > maxStepUp) {
		d.issue("step_up", fmt.Sprintf("stepUp.%s must be %s to %s", field, minStepUp, maxStepUp), "stepUp", field)
	}
	return age
}

func (s *stepUp) plan(q *query) {
	q.draft.StepUp, q.draft.Rule.StepUp = s.ages.Request, s.ages.Approve
}

func (s *stepUp) offer(o *Offer) { o.StepUp = s.ages }

func (*stepUp) explain(p access.Plan) (lines []Line) {
	if p.Rule.StepUp > 0 && !p.Rule.Auto {
		lines = append(lines, Line{"step-up", fmt.Sprintf("an approver's login is at most %s old", p.Rule.StepUp)})
	}
	if p.StepUp > 0 {
		lines = append(lines, Line{"step-up", fmt.Sprintf("the requester's login is at most %s old, to request, extend and pick up", p.StepUp)})
	}
	return lines
}
