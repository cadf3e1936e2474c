package record

import (
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/review"
)

// Contracts returns the contracts in force as a review looks at them. One under which
// contracts themselves change is left out: it is rarely used, and that is no finding.
func Contracts(set *contracts.Set, proposals string) (out []review.Contract) {
	for _, c := range set.Contracts {
		if c.Name == proposals {
			continue
		}
		o := c.Offer()
		one := review.Contract{Name: c.Name, Version: c.Version, Owner: c.Owner, Targets: c.Targets, Groups: c.Askers(),
			Usual: o.Duration.Default, Max: o.Duration.Max, Automatic: o.Approval.Automatic, AutoUpTo: o.Approval.AutomaticUpTo,
			Stages: len(o.Approval.Stages) > 0, Params: map[string][]string{}}
		for _, s := range o.Approval.Stages {
			if len(s.AnyOf) == 0 {
				if one.Approvals == nil {
					one.Approvals = map[string]int{}
				}
				one.Approvals[s.Name] = s.Approvals
			}
		}
		for _, p := range o.Params {
			if len(p.Enum) > 0 {
				one.Params[p.Name] = p.Enum
			}
		}
		out = append(out, one)
	}
	return out
}
