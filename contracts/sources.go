package contracts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// sources returns the sources of facts that the contract asks, each with the field that
// wants it.
func (c *Contract) sources() map[string][]any {
	out := map[string][]any{}
	if system := c.terms.ticket.System; system != "" {
		out[system] = []any{"request", "ticket", "system"}
	}
	o := c.Offer()
	rules := []access.Rule{{Stages: o.Approval.Stages}}
	if o.ExtendApproval != nil {
		rules = append(rules, access.Rule{Stages: o.ExtendApproval.Stages})
	}
	approvers := slices.ContainsFunc(rules, func(r access.Rule) bool { return len(r.Schedules()) > 0 }) ||
		slices.ContainsFunc(c.terms.escalate.Escalate, func(e escalation) bool { return len(e.OnCall) > 0 })
	switch {
	case approvers:
		out[access.OnCallSource] = []any{"approval"}
	case len(c.schedules()) > 0:
		out[access.OnCallSource] = []any{"request"}
	}
	return out
}

// MissingSources returns which sources of facts the contracts ask that are not configured:
// of what such a source would say nothing is known, so that nothing is allowed that
// depends on it. Each issue has the place of the field that wants the source.
func (s *Set) MissingSources(configured []string) (issues access.Issues) {
	for _, c := range s.Contracts {
		wanted := c.sources()
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			if slices.Contains(configured, name) {
				continue
			}
			there := "it has none"
			if len(configured) > 0 {
				there = "it has " + strings.Join(slices.Sorted(slices.Values(configured)), ", ")
			}
			issues.Add("source_missing", c.at(wanted[name]...), "%s",
				fmt.Sprintf("contract %s asks the source %q, which server.facts lacks (%s): nothing that depends on it is ever allowed", c.Name, name, there))
		}
	}
	return issues
}
