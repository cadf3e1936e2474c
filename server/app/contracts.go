package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// contractStatus says which contracts are in force.
type contractStatus struct {
	contracts Contracts
	sources   []string // of facts, that are configured
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
	for _, i := range c.contracts.Current().MissingSources(c.sources) {
		out.Lacks = append(out.Lacks, i.String())
	}
	return out, nil
}
