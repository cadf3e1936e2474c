package contracts

import (
	"fmt"
	"maps"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// params are what the requester chooses, by name.
type params struct {
	Params map[string]param `yaml:"params"`
}

func (*params) section() string { return "request" }

func (ps *params) check(d *document) {
	for _, name := range slices.Sorted(maps.Keys(ps.Params)) {
		p := ps.Params[name]
		p.check(d, name)
		ps.Params[name] = p
	}
}

func (ps *params) read(q *query) {
	values, issues := ps.values(q.contract.Name, q.Request.Params)
	q.draft.Params = values
	q.result.Issues = append(q.result.Issues, issues...)
}

// values checks what was given against what is declared, and fills defaults in.
func (ps *params) values(contract string, given map[string]any) (map[string]any, access.Issues) {
	out := map[string]any{}
	var issues access.Issues
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, known := ps.Params[name]; !known {
			msg := fmt.Sprintf("contract %s has no param %q", contract, access.Clip(name, 40))
			if near := strictyaml.Nearest(name, maps.Keys(ps.Params)); near != "" {
				msg += fmt.Sprintf("; did you mean %q?", near)
			}
			issues.Add("unknown_param", "params."+access.Clip(name, 40), "%s", msg)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ps.Params)) {
		p := ps.Params[name]
		v, ok := given[name]
		switch {
		case !ok && p.Default != nil:
			out[name] = p.Default
		case !ok && p.Required:
			issues.Add("param_missing", "params."+name, "param %q is needed%s", name, p.allowed())
		case ok:
			value, issue := p.value(name, p.fromText(v))
			if issue != nil {
				issues = append(issues, *issue)
				continue
			}
			out[name] = value
		}
	}
	return out, issues
}

// OfferParam describes one param of a contract.
type OfferParam struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"` // string, int or bool
	Description string   `json:"description,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Required    bool     `json:"required"`
	Default     any      `json:"default,omitempty"`
	// Choices is where the values come from; nil: not from an inventory.
	Choices *OfferChoices `json:"choices,omitempty"`
}

func (ps *params) offer(o *Offer) {
	for _, name := range slices.Sorted(maps.Keys(ps.Params)) {
		p := ps.Params[name]
		one := OfferParam{Name: name, Type: p.Type, Description: p.Description, Enum: p.Enum, Required: p.Required && p.Default == nil, Default: p.Default}
		if p.Choices.set() {
			one.Choices = &OfferChoices{Target: p.Choices.From, List: p.Choices.List}
		}
		o.Params = append(o.Params, one)
	}
}
