package contracts

import "ramp.dev/ramp/access"

// selfApproval lets the requester count as an approver.
type selfApproval struct {
	SelfApproval bool `yaml:"selfApproval"`
}

func (*selfApproval) section() string { return "approval" }

func (s *selfApproval) plan(q *query) { q.draft.Rule.SelfApproval = s.SelfApproval }

func (*selfApproval) explain(p access.Plan) []Line {
	if p.Rule.Auto || !p.Rule.SelfApproval {
		return nil
	}
	return []Line{{"approval", "the requester counts, if in these groups"}}
}
