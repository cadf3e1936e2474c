package contracts

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// denials is how many people's denials deny a request.
type denials struct {
	DenyThreshold *number `yaml:"denyThreshold" schema:"minimum=1"`
}

func (*denials) section() string { return "approval" }

func (n *denials) check(d *document) {
	if n.DenyThreshold.or(1) < 1 {
		d.issue("deny_threshold", "approval.denyThreshold must be at least 1, or nobody could deny", "approval", "denyThreshold")
	}
}

func (n *denials) plan(q *query) { q.draft.Rule.DenyThreshold = n.DenyThreshold.or(1) }

func (*denials) explain(p access.Plan) []Line {
	if p.Rule.Auto || p.Rule.DenyThreshold <= 1 {
		return nil
	}
	return []Line{{"denial", fmt.Sprintf("by %d people", p.Rule.DenyThreshold)}}
}
