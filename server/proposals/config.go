// Package proposals reads contracts that change by requests: those that the ledger says
// are in force, as a worker signed it after the contracts' owners had approved. The
// directory that is configured is where the first set comes from.
package proposals

import (
	"cmp"

	"ramp.dev/ramp/access"
)

// Config says under which contract people propose contracts.
type Config struct {
	Contract string `yaml:"contract"`         // the contract under which a set is proposed; it is part of every set
	Target   string `yaml:"target,omitempty"` // the target of kind contracts; "contracts" if empty
}

// On reports whether contracts change by proposals.
func (c Config) On() bool { return c != Config{} }

// TargetName returns the target of kind contracts.
func (c Config) TargetName() string { return cmp.Or(c.Target, "contracts") }

// Validate returns everything that is wrong.
func (c Config) Validate() (issues access.Issues) {
	if c.On() && c.Contract == "" {
		issues.Add("contract_missing", "server.proposals.contract", "the name of the contract under which contracts are proposed is needed")
	}
	return issues
}
