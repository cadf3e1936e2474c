package contracts

import (
	"slices"

	"ramp.dev/ramp/access"
)

// Offer is a contract as the catalogue shows it to somebody who may use it.
type Offer struct {
	Contract    string            `json:"contract"`
	Description string            `json:"description"`
	Owner       string            `json:"owner,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Version     string            `json:"version"`
	Targets     []string          `json:"targets"`
	Params      []OfferParam      `json:"params"`
	Duration    OfferDuration     `json:"duration"`
	Reason      OfferReason       `json:"reason"`
	Ticket      string            `json:"ticket"` // never, sometimes, always
	// TicketSystem is which system must know the ticket; empty: none is asked.
	TicketSystem string                  `json:"ticketSystem,omitempty"`
	Approval     OfferApproval           `json:"approval"`
	Extend       *access.ExtensionLimits `json:"extend,omitempty"`
	// ExtendApproval is who decides each extension; nil: they are approved with the request.
	ExtendApproval *OfferApproval   `json:"extendApproval,omitempty"`
	During         string           `json:"during,omitempty"`  // in words, when access may be open; empty: at any time
	Limits         []string         `json:"limits,omitempty"`  // in words, how often and how long one may have it
	EndWhen        []string         `json:"endWhen,omitempty"` // in words, when access ends before its time
	BreakGlass     *OfferBreakGlass `json:"breakGlass,omitempty"`
	StepUp         access.StepUp    `json:"stepUp,omitzero"`
	// Unusable are those of the targets that cannot be used now. A server knows of them, no
	// contract.
	Unusable []access.TargetState `json:"unusable,omitempty"`
}

// WhoQuestions returns what must be asked of the world outside to list who may request
// which contract, each question once.
func (s *Set) WhoQuestions() (out []access.FactQuestion) {
	for _, c := range s.Contracts {
		for _, name := range c.terms.who.condition.reads.schedules {
			if q := onCallQuestion(name); !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}

// Offers lists what a person may request; in.Request is left out.
func (s *Set) Offers(in Input) []Offer {
	out := []Offer{}
	in.Request, in.History = access.RequestInput{}, nil
	for _, c := range s.offered(in) {
		out = append(out, c.Offer())
	}
	return out
}

// offered returns the contracts that admit a person. One condition of many contracts is
// evaluated once for each length.
func (s *Set) offered(in Input) (out []*Contract) {
	type question struct {
		who    *condition
		length access.Duration
	}
	admitted, vars := map[question]bool{}, map[access.Duration]map[string]any{}
	for _, c := range s.Contracts {
		q := question{c.terms.who.condition, c.terms.duration.usual}
		admits, asked := admitted[q]
		if !asked {
			// Params and length are not known yet; a condition that needs them
			// cannot be evaluated here and leaves the contract out of the list.
			if vars[q.length] == nil {
				vars[q.length] = variables(in, map[string]any{}, q.length)
			}
			admits = q.who.eval(fieldWho, vars[q.length]).Result == Satisfied
			admitted[q] = admits
		}
		if admits && !c.terms.engagement.over(in.Person, in.Now) {
			out = append(out, c)
		}
	}
	return out
}

// Offered reports whether the catalogue shows the contract to a person; in.Request is left
// out.
func (c *Contract) Offered(in Input) bool {
	in.Request, in.History = access.RequestInput{}, nil
	return len((&Set{Contracts: []*Contract{c}}).offered(in)) > 0
}

// Offer describes the contract.
func (c *Contract) Offer() Offer {
	o := Offer{Contract: c.Name, Description: c.Description, Owner: c.Owner, Labels: c.Labels, Version: c.Version,
		Targets: c.Targets, Params: []OfferParam{}, Approval: OfferApproval{Stages: []access.Stage{}}}
	for _, f := range c.terms.list() {
		if of, ok := f.(offerer); ok {
			of.offer(&o)
		}
	}
	return o
}
