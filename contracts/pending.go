package contracts

import (
	"fmt"

	"ramp.dev/ramp/access"
)

const defaultPending = "1h"

// pending is how long a request may wait for decisions.
type pending struct {
	PendingFor string `yaml:"pendingFor" schema:"duration"`

	length access.Duration
}

func (*pending) section() string { return "approval" }

func (p *pending) check(d *document) {
	text := p.PendingFor
	if !d.written("approval", "pendingFor") {
		text = defaultPending
	}
	p.length = d.length(text, "approval", "pendingFor")
}

func (p *pending) plan(q *query) { q.draft.PendingUntil = q.Now.Add(p.length.Std()) }

func (*pending) explain(p access.Plan) []Line {
	if p.Rule.Auto {
		return nil
	}
	return []Line{{"approval", fmt.Sprintf("lapses if it is not decided within %s", access.Duration(p.PendingUntil.Sub(p.CreatedAt)))}}
}
