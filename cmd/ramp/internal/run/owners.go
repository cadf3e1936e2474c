package run

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// ownerIssues returns which owners of contracts can approve no change of them, where
// contracts change by proposals: such a proposal would wait until its time is over.
func ownerIssues(ctx context.Context, c config.Config, led *ledger.Ledger) (issues access.Issues) {
	if !c.Server.Proposals.On() {
		return nil
	}
	set, err := proposedSet(ctx, c, led)
	if err != nil {
		issues.Add("contracts_unreadable", "server.proposals", "%s", err)
		return issues
	}
	keys, err := c.Keys.Keyring()
	if err != nil {
		issues.Add("keys_unreadable", "keys.trusted", "%s", err)
		return issues
	}
	led.UseNotary(evidence.NewNotary(nil, keys), nil) // it says who is in which group
	owners := set.Owners()
	people, known, err := led.PeopleIn(ctx, owners)
	if err != nil {
		issues.Add("ledger_unavailable", "ledger.url", "%s", err)
		return issues
	}
	var groups []string // nil: nobody says who is in which
	if known {
		groups = append([]string{}, slices.DeleteFunc(owners, func(o string) bool { return len(people[o]) == 0 })...)
	}
	for _, f := range set.OwnerFindings(groups) {
		issues.Add(f.Code, f.Contract, "%s; %s", f.Message, f.Instead)
	}
	return issues
}

// proposedSet returns the contracts that the ledger says are in force; before the first
// are, those of the directory.
func proposedSet(ctx context.Context, c config.Config, led *ledger.Ledger) (*contracts.Set, error) {
	record, err := led.ContractsInForce(ctx, ledger.LineProposals)
	if access.CodeOf(err) == access.CodeNotFound && c.Server.Contracts != "" {
		return contracts.LoadDir(string(c.Server.Contracts))
	}
	if err != nil {
		return nil, err
	}
	said, err := evidence.ReadContracts(record)
	if err != nil {
		return nil, err
	}
	files, err := led.Contracts(ctx, said.Set)
	if err != nil {
		return nil, err
	}
	raw := map[string][]byte{}
	for name, text := range files {
		raw[name] = []byte(text)
	}
	return contracts.Parse(raw)
}
