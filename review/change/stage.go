package change

import (
	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/internal/strictyaml"
	"ramp.dev/ramp/review"
)

// approvals sets how many people must approve in a stage.
func (s *source) approvals(p review.Proposal) error {
	stages, ok := s.value("approval", "stages").(*ast.SequenceNode)
	if !ok {
		return s.notHere("approval.stages")
	}
	for _, node := range stages.Values {
		written := map[string]*ast.MappingValueNode{}
		for _, f := range strictyaml.Fields(node) {
			written[f.Key.GetToken().Value] = f
		}
		name := written["name"]
		if name == nil || name.Value.GetToken().Value != p.Stage {
			continue
		}
		if now := written["approvals"]; now != nil {
			return s.set(now.Value, p.To)
		}
		if m, is := node.(*ast.MappingNode); is && m.IsFlowStyle {
			return s.before(name, "approvals", p.To)
		}
		return s.after(name, "approvals", p.To)
	}
	return s.notHere(p.Field)
}
