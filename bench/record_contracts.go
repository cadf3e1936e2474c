package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/review"
)

// contractFiles writes the contracts of a made-up company as people would, one file each, and
// reads them, so that a review has proposals to make and to try.
func contractFiles(list []review.Contract) (access.ContractFiles, *contracts.Set, error) {
	files, raw := access.ContractFiles{}, map[string][]byte{}
	for _, c := range list {
		var who []string
		for _, g := range c.Groups {
			who = append(who, fmt.Sprintf("%q in person.groups", g))
		}
		var b strings.Builder
		fmt.Fprintf(&b, "apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: %s, owner: %s}\ndescription: What a team needs.\nrequest:\n  who: '%s'\n", c.Name, c.Owner, strings.Join(who, " || "))
		for i, name := range slices.Sorted(maps.Keys(c.Params)) {
			if i == 0 {
				b.WriteString("  params:\n")
			}
			fmt.Fprintf(&b, "    %s: {type: string, enum: [%s]}\n", name, strings.Join(c.Params[name], ", "))
		}
		fmt.Fprintf(&b, "duration: {default: %s, max: %s}\ngrants:\n", c.Usual, c.Max)
		for _, target := range c.Targets {
			fmt.Fprintf(&b, "  - target: %s\n    entitlement: {role: readonly}\n", target)
		}
		fmt.Fprintf(&b, "approval:\n  pendingFor: 24h\n  stages: [{name: owners, from: [%s], approvals: 1}]\n", c.Owner)
		if c.Automatic {
			b.WriteString("  auto: 'true'\n")
		}
		if c.AutoUpTo > 0 {
			fmt.Fprintf(&b, "  autoUpTo: %s\n", c.AutoUpTo)
		}
		name := c.Name + ".yaml"
		files[name], raw[name] = b.String(), []byte(b.String())
	}
	set, err := contracts.Parse(raw)
	return files, set, err
}
