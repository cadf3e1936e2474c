package contracts

import (
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

const maxApprovals = 20

// stages are the groups of people who must approve, every stage that applies.
type stages struct {
	Stages []stage `yaml:"stages"`
}

type stage struct {
	Name      string   `yaml:"name" schema:"required minLength=1 name"`
	From      []string `yaml:"from" schema:"required minItems=1 name"`
	Approvals *number  `yaml:"approvals" schema:"minimum=1 maximum=20"`
	When      string   `yaml:"when" schema:"maxLength=2000"`

	when *condition
}

func (*stages) section() string { return "approval" }

func (s *stages) check(d *document) {
	auto := &d.contract.terms.auto
	if len(s.Stages) == 0 && auto.Auto == "" {
		d.issue("approval_missing", "a contract needs approval.stages, or approval.auto for access without an approver", "approval")
	}
	names := map[string]bool{}
	for i := range s.Stages {
		st := &s.Stages[i]
		if strings.TrimSpace(st.Name) == "" || names[st.Name] {
			d.issue("stage_name", "each stage needs a name of its own", "approval", "stages", i)
		}
		names[st.Name] = true
		st.check(d, i)
	}
	conditional := len(s.Stages) > 0 && !slices.ContainsFunc(s.Stages, func(s stage) bool { return s.When == "" })
	if conditional && !auto.possible() {
		d.issue("stages_conditional", "every stage has a condition; one must always apply, or nobody would approve when none does", "approval", "stages")
	}
}

func (s *stage) check(d *document, i int) {
	s.when = d.condition(s.When, "approval", "stages", i, "when")
	if len(s.From) == 0 {
		d.issue("stage_from", "a stage must name the groups its approvers come from", "approval", "stages", i)
	}
	for g, group := range s.From {
		if strings.TrimSpace(group) == "" {
			d.issue("stage_from", "a group's name cannot be blank", "approval", "stages", i, "from", g)
		}
	}
	if n := s.approvals(); n < 1 || n > maxApprovals {
		d.issue("stage_approvals", fmt.Sprintf("a stage's approvals is 1 to %d", maxApprovals), "approval", "stages", i, "approvals")
	}
}

// fieldWhen names the stage's condition in the trace.
func (s *stage) fieldWhen() string { return "approval.stages." + s.Name + ".when" }

func (s *stage) approvals() int { return s.Approvals.or(1) }

func (s *stage) asPlanned() access.Stage {
	return access.Stage{Name: s.Name, From: s.From, Approvals: s.approvals()}
}

// plan adds who must approve. A condition that could not be evaluated never
// makes it less: the stage applies.
func (s *stages) plan(q *query) {
	if q.draft.Rule.Auto {
		return
	}
	for _, st := range s.Stages {
		if st.when != nil && q.evaluate(st.fieldWhen(), st.when) == NotSatisfied {
			continue
		}
		q.draft.Rule.Stages = append(q.draft.Rule.Stages, st.asPlanned())
	}
	if len(q.draft.Rule.Stages) == 0 {
		q.refuseAtOnce(CouldNotEvaluate, "nobody_approves", "nobody can approve this under the contract")
	}
}

// OfferApproval says how access is approved; which stages apply may depend on
// the request.
type OfferApproval struct {
	Automatic bool `json:"automatic"` // the contract may approve by itself
	// AutomaticUpTo is the longest that the contract approves by itself, extensions
	// included; 0: whatever may be requested.
	AutomaticUpTo access.Duration `json:"automaticUpTo,omitempty"`
	Stages        []access.Stage  `json:"stages"`
	Passkey       bool            `json:"passkey,omitempty"` // an approval counts only with the approver's own passkey
}

func (s *stages) offer(o *Offer) {
	for _, st := range s.Stages {
		o.Approval.Stages = append(o.Approval.Stages, st.asPlanned())
	}
}

func (*stages) explain(p access.Plan) (lines []Line) {
	for _, s := range p.Rule.Stages {
		lines = append(lines, Line{"approval", fmt.Sprintf("%d of %s (%s)", s.Approvals, strings.Join(s.From, ", "), s.Name)})
	}
	return lines
}
