package contracts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// grants are what is opened, all of it or nothing.
type grants struct {
	Grants []grant `yaml:"grants" schema:"required minItems=1 maxItems=10"`
}

type grant struct {
	Target      string         `yaml:"target" schema:"required minLength=1 name"`
	Entitlement map[string]any `yaml:"entitlement" schema:"required minProperties=1"` // texts in it are templates
}

func (*grants) section() string { return "" }

func (gs *grants) check(d *document) {
	if len(gs.Grants) == 0 || len(gs.Grants) > access.MaxGrants {
		d.issue("grants_count", fmt.Sprintf("a contract has 1 to %d grants", access.MaxGrants), "grants")
	}
	for i, g := range gs.Grants {
		if strings.TrimSpace(g.Target) == "" {
			d.issue("target_missing", "a grant must name its target", "grants", i, "target")
		}
		if braces(g.Target) {
			d.issue("template", "nothing is filled in in a target's name; write it out", "grants", i, "target")
		}
		if len(g.Entitlement) == 0 {
			d.issue("entitlement_missing", "a grant must say in its entitlement what is opened", "grants", i, "entitlement")
		}
		if params := &d.contract.terms.params; !slices.Contains(d.undecoded, feature(params)) { // else it is not known which there are
			for _, problem := range checkTemplates(g.Entitlement, params.Params) {
				d.issue("template", problem, "grants", i, "entitlement")
			}
		}
		if c := d.contract; !slices.Contains(c.Targets, g.Target) {
			c.Targets = append(c.Targets, g.Target)
		}
	}
}

// plan fills the templates in.
func (gs *grants) plan(q *query) {
	values := map[string]string{"person.id": q.Person.ID}
	for k, v := range q.draft.Params {
		values["params."+k] = fmt.Sprint(v)
	}
	for _, g := range gs.Grants {
		e, _ := fill(map[string]any(g.Entitlement), values).(map[string]any)
		q.draft.Grants = append(q.draft.Grants, access.PlannedGrant{Target: g.Target, Entitlement: e})
	}
}

func (*grants) explain(p access.Plan) (lines []Line) {
	for _, g := range p.Grants {
		b, _ := json.Marshal(g.Entitlement) // read from YAML, so it can be written
		lines = append(lines, Line{"grant", fmt.Sprintf("%s %s", g.Target, b)})
	}
	return lines
}
