package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// Inventories says what targets have, as their workers signed it. What it does not return
// is not known.
type Inventories interface {
	Inventories(ctx context.Context, names ...access.InventoryName) []*access.Inventory
}

// noInventories knows nothing.
type noInventories struct{}

func (noInventories) Inventories(context.Context, ...access.InventoryName) []*access.Inventory {
	return nil
}

// ChoiceQuery is which choices of a param are asked for.
type ChoiceQuery struct {
	Contract, Param string
	Search          string // words that value or label must have
	Cursor          string // of the page before; "" is the first page
	Limit           int    // 0: 50; contracts.MaxChoicesPerPage at the most
}

// choicesPerPage is how many choices a page has if nobody says.
const choicesPerPage = 50

// Choices lists what a person may choose for a param of a contract, and nothing that they
// may not. Errors are CodeNotFound for a contract that is not offered to them, and for a
// param that has no choices.
func (c *catalog) Choices(ctx context.Context, p access.Person, q ChoiceQuery) (contracts.ChoicePage, error) {
	set := c.contracts.Current()
	found, ok := set.Find(q.Contract)
	if !ok || !found.Offered(contracts.Input{Person: p, Now: c.now(), Facts: c.facts.Ask(ctx, set.WhoQuestions()...)}) {
		return contracts.ChoicePage{}, c.unknownContract(ctx, p, q.Contract)
	}
	if q.Limit == 0 {
		q.Limit = choicesPerPage
	}
	in := contracts.Input{Person: p, Now: c.now(), Inventories: c.inventories.Inventories(ctx, found.Inventories()...)}
	return found.Choices(in, q.Param, q.Search, q.Cursor, q.Limit)
}
