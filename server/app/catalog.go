package app

import (
	"context"
	"fmt"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// catalog shows people the contracts under which they may request access.
type catalog struct {
	contracts   Contracts
	unlisted    string // the contract under which contracts are proposed: its params are digests, which nobody types
	facts       Facts
	inventories Inventories
	states      TargetStates
	roles       roles
	now         clock
}

// Catalog lists what a person may request; query narrows it by words.
func (c *catalog) Catalog(ctx context.Context, p access.Person, query string) []contracts.Offer {
	out := []contracts.Offer{}
	query = strings.ToLower(strings.TrimSpace(query))
	for _, o := range c.offers(ctx, p) {
		if o.Contract == c.unlisted {
			continue
		}
		text := strings.ToLower(o.Contract + " " + o.Description + " " + strings.Join(o.Targets, " "))
		if strings.Contains(text, query) {
			out = append(out, o)
		}
	}
	c.markUnusable(ctx, p, out)
	return out
}

// IsForProposals reports whether contracts are proposed under a contract, by commands that
// fill in its params.
func (c *catalog) IsForProposals(contract string) bool {
	return contract != "" && contract == c.unlisted
}

// Offer returns one contract as this person may use it; CodeNotFound otherwise.
func (c *catalog) Offer(ctx context.Context, p access.Person, name string) (contracts.Offer, error) {
	for _, o := range c.offers(ctx, p) {
		if o.Contract == name {
			one := []contracts.Offer{o}
			c.markUnusable(ctx, p, one)
			return one[0], nil
		}
	}
	return contracts.Offer{}, c.unknownContract(ctx, p, name)
}

// find returns a contract in force. It does not check whether p may use it: the
// contract's evaluation does.
func (c *catalog) find(ctx context.Context, p access.Person, name string) (*contracts.Contract, error) {
	if name == "" {
		return nil, access.Invalid(access.Issue{Code: "contract_missing", Field: "contract", Message: "name the contract"})
	}
	found, ok := c.contracts.Current().Find(name)
	if !ok {
		return nil, c.unknownContract(ctx, p, name)
	}
	return found, nil
}

// offers lists what p may request. What decides that in the world outside is asked
// once for all contracts.
func (c *catalog) offers(ctx context.Context, p access.Person) []contracts.Offer {
	set := c.contracts.Current()
	return set.Offers(contracts.Input{Person: p, Now: c.now(), Facts: c.facts.Ask(ctx, set.WhoQuestions()...)})
}

// unknownContract suggests only what this person may request.
func (c *catalog) unknownContract(ctx context.Context, p access.Person, name string) error {
	var known []string
	for _, o := range c.offers(ctx, p) {
		known = append(known, o.Contract)
	}
	return &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_contract", Field: "contract",
		Message: fmt.Sprintf("there is no contract %q%s", access.Clip(name, 60), didYouMean(name, known))}}}
}

// unknownTarget is why a list for a target is empty: no contract names the
// target, so that it is probably misspelt. It is nil for one that a contract
// names.
func (c *catalog) unknownTarget(ctx context.Context, p access.Person, name string) error {
	for _, known := range c.contracts.Current().Contracts {
		for _, target := range known.Targets {
			if target == name {
				return nil
			}
		}
	}
	var known []string
	for _, o := range c.offers(ctx, p) {
		known = append(known, o.Targets...)
	}
	return access.Invalid(access.Issue{Code: "unknown_target", Field: "target",
		Message: fmt.Sprintf("there is no target %q%s", access.Clip(name, 60), didYouMean(name, known))})
}

func didYouMean(name string, known []string) string {
	if near := contracts.Nearest(name, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
