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
	sources   []string         // of facts, that are configured
	workers   evidence.Keyring // whose lists are believed
	roles     roles
	refused   refusals
}

// ContractsStatus returns which contracts this server has in force, and whether the
// newest are; for operators and auditors, since the reason names contracts that others
// may not see.
func (c *contractStatus) ContractsStatus(ctx context.Context, by access.Actor) (contracts.Status, error) {
	if !c.roles.isOperator(by.Person) && !c.roles.isAuditor(by.Person) {
		return contracts.Status{}, c.refused.record(ctx, by, "", access.ActContracts,
			access.Refuse(access.CodeForbidden, "not_operator", "only operators and auditors see which contracts are in force"))
	}
	out := c.contracts.Status()
	set := c.contracts.Current()
	missing := append(set.MissingSources(c.sources), set.MissingInventories(func(target string) bool { return !c.workers.ForTarget(target).Empty() })...)
	for _, i := range missing {
		out.Lacks = append(out.Lacks, i.String())
	}
	return out, nil
}
