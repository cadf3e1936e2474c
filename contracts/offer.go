package contracts

import (
	"maps"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// Offer is a contract as the catalogue shows it to somebody who may use it.
type Offer struct {
	Contract    string                  `json:"contract"`
	Description string                  `json:"description"`
	Owner       string                  `json:"owner,omitempty"`
	Labels      map[string]string       `json:"labels,omitempty"`
	Version     string                  `json:"version"`
	Targets     []string                `json:"targets"`
	Params      []OfferParam            `json:"params"`
	Duration    OfferDuration           `json:"duration"`
	Reason      OfferReason             `json:"reason"`
	Ticket      string                  `json:"ticket"` // never, sometimes, always
	Approval    OfferApproval           `json:"approval"`
	Extend      *access.ExtensionLimits `json:"extend,omitempty"`
	StepUp      access.StepUp           `json:"stepUp,omitzero"`
}

// OfferParam describes one param of a contract.
type OfferParam struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Required    bool     `json:"required"`
	Default     any      `json:"default,omitempty"`
}

// OfferDuration are a contract's lengths; JustifyOver is 0 when there is none.
type OfferDuration struct {
	Default          access.Duration `json:"default"`
	Max              access.Duration `json:"max"`
	JustifyOver      access.Duration `json:"justifyOver,omitempty"`
	JustifyMinLength int             `json:"justifyMinLength,omitempty"`
}

// OfferReason are the bounds of the reason, in characters.
type OfferReason struct {
	Optional  bool `json:"optional"`
	MinLength int  `json:"minLength"`
	MaxLength int  `json:"maxLength"`
}

// OfferApproval says how access is approved; which stages apply may depend on
// the request.
type OfferApproval struct {
	Automatic bool           `json:"automatic"` // the contract may approve by itself
	Stages    []access.Stage `json:"stages"`
}

// Offers lists what a person may ask for.
func (s *Set) Offers(p access.Person, now time.Time) []Offer {
	out := []Offer{}
	for _, c := range s.Contracts {
		// Params and length are not known yet; a condition that needs them
		// cannot be evaluated here and leaves the contract out of the list.
		vars := variables(Input{Person: p, Now: now}, map[string]any{}, c.length.Default)
		if c.who.eval("", vars).Result == Satisfied {
			out = append(out, c.Offer())
		}
	}
	return out
}

// Offer describes the contract.
func (c *Contract) Offer() Offer {
	o := Offer{Contract: c.Name, Description: c.Description, Owner: c.Owner, Labels: c.Labels, Version: c.Version,
		Targets: c.Targets, Params: []OfferParam{}, Extend: c.extend, StepUp: c.stepUp,
		Duration: OfferDuration{c.length.Default, c.length.Max, c.length.JustifyOver, c.length.JustifyMinLength},
		Reason:   OfferReason(c.reason), Ticket: "never",
		Approval: OfferApproval{Automatic: c.auto != nil, Stages: []access.Stage{}}}
	if c.ticket.When != nil {
		o.Ticket = "sometimes"
	}
	if c.ticket.Required {
		o.Ticket = "always"
	}
	for _, name := range slices.Sorted(maps.Keys(c.params)) {
		p := c.params[name]
		o.Params = append(o.Params, OfferParam{Name: name, Type: p.Kind, Description: p.Description, Enum: p.Enum,
			Required: p.Required && p.Default == nil, Default: p.Default})
	}
	for _, s := range c.stages {
		o.Approval.Stages = append(o.Approval.Stages, s.Stage)
	}
	return o
}
