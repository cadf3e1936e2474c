package contracts

import (
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// OfferChoices says where the values of a param come from.
type OfferChoices struct {
	Target string `json:"target"`
	List   string `json:"list"`
}

// ChoicePage is a part of what somebody may choose for a param, in the order of the
// values.
type ChoicePage struct {
	Items      []access.Choice `json:"items"`
	NextCursor string          `json:"nextCursor,omitempty"` // give it as cursor for what follows; empty: that was all
	// At is when the target was asked, and Inventory the digest of what its worker said.
	At        time.Time `json:"at,omitzero"`
	Inventory string    `json:"inventory,omitempty"`
	// Unknown is why nothing can be listed; then ByPattern says whether a value may be
	// written all the same, and is bounded by the param's pattern alone.
	Unknown   string `json:"unknown,omitempty"`
	ByPattern bool   `json:"byPattern,omitempty"`
}

// MaxChoicesPerPage is how many choices a page has at the most.
const MaxChoicesPerPage = 200

// Choices lists what a person may choose for a param: those whose value or label has
// every word of the search, without regard to case, and that come after a value. It does
// not ask whether the person may use the contract at all. Errors are CodeNotFound for a
// param that has no choices.
func (c *Contract) Choices(in Input, name, search, cursor string, most int) (ChoicePage, error) {
	out := ChoicePage{Items: []access.Choice{}}
	p, declared := c.terms.params.Params[name]
	if !declared || !p.Choices.set() {
		message := "contract " + c.Name + " has no param of this name with choices"
		if near := Nearest(name, c.choiceParams()); near != "" {
			message += "; did you mean \"" + near + "\"?"
		}
		return out, &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_param", Field: "param", Message: message}}}
	}
	i, why := p.Choices.known(in.Inventories, in.Now)
	if i == nil {
		out.Unknown, out.ByPattern = why, p.Choices.IfUnknown == ifUnknownPattern
		return out, nil
	}
	out.At, out.Inventory = i.At, i.Digest
	who := variables(in, nil, 0)
	if p.Choices.tooMany(&p, i, who) {
		out.Unknown = "more is open to you than the contract allows for"
		return out, nil
	}
	most = min(max(most, 1), MaxChoicesPerPage)
	words := strings.Fields(strings.ToLower(search))
	for one := range p.Choices.open(&p, searched(i, words, cursor), who) {
		if len(out.Items) == most {
			out.NextCursor = out.Items[most-1].Value
			break
		}
		out.Items = append(out.Items, one)
	}
	return out, nil
}

// searched returns an inventory of what has every word and comes after a value: words are
// cheaper to compare than a condition is to evaluate.
func searched(i *access.Inventory, words []string, after string) *access.Inventory {
	out := *i
	out.Choices = nil
	for _, one := range i.Choices {
		text := strings.ToLower(one.Value + "\n" + one.Label)
		fits := one.Value > after
		for _, w := range words {
			fits = fits && strings.Contains(text, w)
		}
		if fits {
			out.Choices = append(out.Choices, one)
		}
	}
	return &out
}
