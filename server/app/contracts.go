package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
)

// contractStatus says which contracts are in force.
type contractStatus struct {
	contracts Contracts
	catalog   *catalog
	proposed  string // the contract under which contracts are proposed; "": none are
	commits   ContractCommits
	first     contracts.Source // nil: contracts do not change by proposals, or come from a repository
	sources   []string         // of facts, that are configured
	workers   evidence.Keyring // whose lists are believed
	roles     roles
	refused   refusals
}

// ContractsStatus returns which contracts this server has in force, and whether the
// newest are; for operators and auditors, since the reason names contracts that others
// may not see, and for those who may propose others. Errors are CodeForbidden.
func (c *contractStatus) ContractsStatus(ctx context.Context, by access.Actor) (contracts.Status, error) {
	if err := c.mayRead(ctx, by); err != nil {
		return contracts.Status{}, err
	}
	out := c.contracts.Status()
	if c.commits != nil {
		out.Waiting = c.commits.Waiting()
	}
	out.Aside = c.aside(ctx, out.Revision.Set)
	set := c.contracts.Current()
	out.InForce = set.Entries()
	missing := append(set.MissingSources(c.sources), set.MissingInventories(func(target string) bool { return !c.workers.ForTarget(target).Empty() })...)
	for _, i := range missing {
		out.Lacks = append(out.Lacks, i.String())
	}
	return out, nil
}

// ContractsInForce returns the files of the contracts in force, to those who may read
// their status. Errors are CodeForbidden.
func (c *contractStatus) ContractsInForce(ctx context.Context, by access.Actor) (access.ContractFiles, error) {
	if err := c.mayRead(ctx, by); err != nil {
		return nil, err
	}
	return c.contracts.Files(), nil
}

// mayRead returns why somebody may not read the contracts in force. Whoever may propose
// others has to start from them.
func (c *contractStatus) mayRead(ctx context.Context, by access.Actor) error {
	if c.roles.isOperator(by.Person) || c.roles.isAuditor(by.Person) || c.MayPropose(ctx, by.Person) {
		return nil
	}
	who := "only operators and auditors see which contracts are in force"
	if c.proposed != "" {
		who = "only operators, auditors and those who may propose contracts see which are in force"
	}
	return c.refused.record(ctx, by, "", access.ActContracts, access.Refuse(access.CodeForbidden, "not_operator", "%s", who))
}

// MayPropose reports whether somebody may propose contracts here.
func (c *contractStatus) MayPropose(ctx context.Context, p access.Person) bool {
	if c.proposed == "" {
		return false
	}
	found, ok := c.contracts.Current().Find(c.proposed)
	if !ok {
		return false
	}
	only := &contracts.Set{Contracts: []*contracts.Contract{found}} // whatever else there is
	return len(only.Offers(contracts.Input{Person: p, Now: c.catalog.now(), Facts: c.catalog.facts.Ask(ctx, only.WhoQuestions()...)})) > 0
}

// aside says that the directory of the first set is no longer what is in force: no fault, and
// what somebody who edits it there must know.
func (c *contractStatus) aside(ctx context.Context, inForce string) string {
	if c.first == nil {
		return ""
	}
	held, err := c.first.Read(ctx)
	if err != nil || contracts.FilesOf(held.Files).Digest() == inForce {
		return "" // nobody needs the directory by now
	}
	return c.first.String() + " gave the first set and is not read any more; it differs from what is in force, as it may where contracts change by proposals (`ramp contracts propose`)"
}
