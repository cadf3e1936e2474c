package contracts

import "ramp.dev/ramp/access"

// Line is one line of an explanation.
type Line struct {
	Label string `json:"label"` // what it is about: grant, approval, extend
	Text  string `json:"text"`
}

// Explain returns in words what a plan under this contract means for the people
// who take part in it. What it says of the plan is read from the plan itself.
func (c *Contract) Explain(p access.Plan) []Line {
	lines := []Line{}
	for _, f := range c.terms.list() {
		if e, ok := f.(explainer); ok {
			lines = append(lines, e.explain(p)...)
		}
	}
	return lines
}
