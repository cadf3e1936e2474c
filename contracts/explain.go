package contracts

import "ramp.dev/ramp/access"

// Line is one line of an explanation.
type Line struct {
	Label string `json:"label"` // what it is about: grant, approval, extend
	Text  string `json:"text"`
}

// Explain says in words what a plan under this contract means for those who take
// part. It reads the plan only, so that it says what was signed.
func (c *Contract) Explain(p access.Plan) []Line {
	lines := []Line{}
	for _, f := range c.terms.list() {
		if e, ok := f.(explainer); ok {
			lines = append(lines, e.explain(p)...)
		}
	}
	return lines
}
