package contracts

import (
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// The bounds of stages: what people can still read, and what can be counted.
const (
	maxStages  = 10
	maxWays    = 4
	maxLevel   = 5
	maxDenials = 20
	// maxChoices bounds the choices of one way for each stage, which are tried one
	// by one when approvals are counted.
	maxChoices = 64
)

// stages are who must approve, every stage that applies.
type stages struct {
	Stages []stage `yaml:"stages" schema:"maxItems=10"`
}

type stage struct {
	Name      string      `yaml:"name" schema:"required minLength=1 name"`
	From      []string    `yaml:"from" schema:"name"`
	People    []string    `yaml:"people" schema:"name"`
	ManagerOf string      `yaml:"managerOf" schema:"enum=requester|"`
	OnCall    []string    `yaml:"oncall" schema:"name maxItems=5"`
	Where     string      `yaml:"where" schema:"maxLength=2000"`
	Approvals *number     `yaml:"approvals" schema:"minimum=1 maximum=20"`
	AnyOf     []approvers `yaml:"anyOf" schema:"minItems=2 maxItems=4"`
	Level     *number     `yaml:"level" schema:"minimum=1 maximum=5"`
	Denials   *number     `yaml:"denials" schema:"minimum=1 maximum=20"`
	When      string      `yaml:"when" schema:"maxLength=2000"`

	ways []*approvers // one of them is enough
	when *condition
}

func (*stages) section() string { return "approval" }

func (s *stages) check(d *document) {
	auto := &d.contract.terms.auto
	if len(s.Stages) == 0 && auto.Auto == "" && !d.misspelt([]any{"approval"}, "stages", "auto") {
		d.issue("approval_missing", "a contract needs approval.stages, or approval.auto for access without an approver", "approval")
	}
	if len(s.Stages) > maxStages {
		d.issue("stages_count", fmt.Sprintf("a contract has %d stages at the most", maxStages), "approval", "stages")
	}
	names, choices := map[string]bool{}, 1
	for i := range s.Stages {
		st := &s.Stages[i]
		if strings.TrimSpace(st.Name) == "" || names[st.Name] {
			d.issue("stage_name", "each stage needs a name of its own", "approval", "stages", i)
		}
		names[st.Name] = true
		st.check(d, i)
		choices *= max(len(st.ways), 1)
	}
	if choices > maxChoices {
		d.issue("stages_choices", fmt.Sprintf("the stages can be met in %d ways, and %d is the most", choices, maxChoices), "approval", "stages")
	}
	conditional := len(s.Stages) > 0 && !slices.ContainsFunc(s.Stages, func(s stage) bool { return s.When == "" })
	if conditional && !auto.possible() {
		d.issue("stages_conditional", "every stage has a condition; one must always apply, or nobody would approve when none does", "approval", "stages")
	}
}

func (s *stage) check(d *document, i int) {
	s.when = d.condition(s.When, "approval", "stages", i, "when")
	own := &approvers{From: s.From, People: s.People, ManagerOf: s.ManagerOf, OnCall: s.OnCall, Where: s.Where, Approvals: s.Approvals}
	switch {
	case s.AnyOf == nil:
		own.check(d, "approval", "stages", i)
		s.ways = []*approvers{own}
	case !own.blank() || d.written("approval", "stages", i, "where"):
		d.issue("stage_any_of", "a stage has anyOf, or says itself who approves; not both", "approval", "stages", i, "anyOf")
	case len(s.AnyOf) < 2 || len(s.AnyOf) > maxWays:
		d.issue("stage_any_of", fmt.Sprintf("anyOf has 2 to %d ways", maxWays), "approval", "stages", i, "anyOf")
	}
	for w := range s.AnyOf {
		s.AnyOf[w].check(d, "approval", "stages", i, "anyOf", w)
		s.ways = append(s.ways, &s.AnyOf[w])
	}
	if n := s.Level.or(1); n < 1 || n > maxLevel {
		d.issue("stage_level", fmt.Sprintf("a stage's level is 1 to %d", maxLevel), "approval", "stages", i, "level")
	}
	if n := s.Denials.or(1); n < 1 || n > maxDenials {
		d.issue("stage_denials", fmt.Sprintf("a stage's denials is 1 to %d", maxDenials), "approval", "stages", i, "denials")
	} else if most := d.contract.terms.denials.DenyThreshold.or(1); s.Denials != nil && n >= most {
		d.issue("stage_denials_over", fmt.Sprintf("denyThreshold is %d, so that %d denials of this stage's own people change nothing; lower them or raise it", most, n), "approval", "stages", i, "denials")
	}
}

// wheres returns the conditions on approvers, those of extensions too.
func (t *terms) wheres() (out []*approverCondition) {
	ways := []*approvers{&t.extend.Approvers}
	for i := range t.stages.Stages {
		ways = append(ways, t.stages.Stages[i].ways...)
	}
	for _, w := range ways {
		if w.where != nil {
			out = append(out, w.where)
		}
	}
	return out
}

// fieldWhen names the stage's condition in the trace.
func (s *stage) fieldWhen() string { return "approval.stages." + s.Name + ".when" }

// fieldWhere names the condition on the approvers of a way in the trace.
func (s *stage) fieldWhere(way int) string {
	if len(s.AnyOf) == 0 {
		return "approval.stages." + s.Name + ".where"
	}
	return fmt.Sprintf("approval.stages.%s.anyOf.%d.where", s.Name, way+1)
}

// asPlanned returns the stage with these ways.
func (s *stage) asPlanned(ways []access.Approvers) access.Stage {
	out := access.Stage{Name: s.Name, Level: s.Level.or(1) - 1, Denials: s.Denials.or(0), From: []string{}}
	if len(ways) > 1 {
		out.AnyOf = ways
		return out
	}
	for _, a := range ways {
		out.People, out.OnCall, out.Where, out.Approvals = a.People, a.OnCall, a.Where, a.Approvals
		out.From = append(out.From, a.From...)
	}
	return out
}

// plan adds who must approve. A condition that could not be evaluated never
// makes it less: the stage applies.
func (s *stages) plan(q *query) {
	if q.draft.Rule.Auto || q.Request.BreakGlass {
		return
	}
	for i := range s.Stages {
		st := &s.Stages[i]
		if st.when != nil && q.evaluate(st.fieldWhen(), st.when) == NotSatisfied {
			continue
		}
		ways := st.waysFor(q)
		if len(ways) == 0 {
			q.refuseAtOnce(CouldNotEvaluate, "nobody_approves", "nobody can approve this for you in stage %s: %s", st.Name, q.lastDetail())
			return
		}
		q.draft.Rule.Stages = append(q.draft.Rule.Stages, st.asPlanned(ways))
	}
	if len(q.draft.Rule.Stages) == 0 {
		q.refuseAtOnce(CouldNotEvaluate, "nobody_approves", "nobody can approve this under the contract")
	}
}

// waysFor returns the ways to meet the stage in which anybody can.
func (s *stage) waysFor(q *query) (ways []access.Approvers) {
	for w, a := range s.ways {
		if planned, anybody := a.plan(q, s.fieldWhere(w)); anybody {
			ways = append(ways, planned)
		}
	}
	return ways
}

// forExtension returns the stages that approve each extension by itself: those that apply to
// the request, and those that would apply to one for the whole length that extensions
// lead to. None are returned where nobody could approve one of them.
func (s *stages) forExtension(q *query, upTo access.Duration) (out []access.Stage) {
	asked := q.variables["duration"]
	defer func() { q.variables["duration"] = asked }()
	for i := range s.Stages {
		st := &s.Stages[i]
		applies := slices.IndexFunc(q.draft.Rule.Stages, func(of access.Stage) bool { return of.Name == st.Name })
		if applies >= 0 {
			out = append(out, q.draft.Rule.Stages[applies])
			continue
		}
		q.variables["duration"] = upTo.Std()
		if st.when != nil {
			if longer := q.evaluate("extend."+st.fieldWhen(), st.when); longer == NotSatisfied {
				continue
			}
		}
		ways := st.waysFor(q)
		if len(ways) == 0 {
			return nil
		}
		out = append(out, st.asPlanned(ways))
	}
	return out
}

// OfferApproval says how access is approved; which stages apply may depend on
// the request.
type OfferApproval struct {
	Automatic bool `json:"automatic"` // the contract may approve by itself
	// AutomaticUpTo is the longest that the contract approves by itself, extensions
	// included; 0: whatever may be requested.
	AutomaticUpTo access.Duration `json:"automaticUpTo,omitempty"`
	// Stages has the groups and people that are written; managers, and conditions on
	// approvers, depend on the request.
	Stages []access.Stage `json:"stages"`
	// Conditional are the names of the stages that apply under a condition alone.
	Conditional []string `json:"conditional,omitempty"`
	Passkey     bool     `json:"passkey,omitempty"` // an approval counts only with the approver's own passkey
}

func (s *stages) offer(o *Offer) {
	for i := range s.Stages {
		var ways []access.Approvers
		for _, a := range s.Stages[i].ways {
			way := a.asPlanned()
			if a.ManagerOf != "" {
				way.People = append(slices.Clone(way.People), "your manager")
			}
			ways = append(ways, way)
		}
		o.Approval.Stages = append(o.Approval.Stages, s.Stages[i].asPlanned(ways))
		if s.Stages[i].when != nil {
			o.Approval.Conditional = append(o.Approval.Conditional, s.Stages[i].Name)
		}
	}
}

func (*stages) explain(p access.Plan) (lines []Line) {
	for _, s := range p.Rule.Stages {
		text := fmt.Sprintf("%s (%s)", s.Needs(), s.Name)
		if s.Level > 0 {
			text += fmt.Sprintf(", asked once level %d has approved", s.Level)
		}
		lines = append(lines, Line{"approval", text})
		if s.Denials > 0 {
			lines = append(lines, Line{"denial", fmt.Sprintf("by %d of stage %s alone", s.Denials, s.Name)})
		}
	}
	return lines
}
