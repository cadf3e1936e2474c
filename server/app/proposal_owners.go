package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// ownersOfChanges returns the owners, before and after, of what is not the same in two
// sets: of each contract that changes, comes or goes, of each such base, and of the base
// that a contract leaves or comes under. A base's limits are its owner's to give up, and
// neither the owner of a contract nor whoever decides proposals speaks for them.
func ownersOfChanges(before, after *contracts.Set) []string {
	owners := map[string]bool{}
	names, was, is := changed(before, after)
	wasBase, isBase := basesOf(before), basesOf(after)
	for _, name := range names {
		for _, side := range []struct {
			contract *contracts.Contract
			bases    map[string]*contracts.Base
		}{{was[name], wasBase}, {is[name], isBase}} {
			if side.contract == nil {
				continue
			}
			owners[side.contract.Owner] = true
			if base := side.bases[side.contract.BaseName()]; base != nil && baseNameOf(was[name]) != baseNameOf(is[name]) {
				owners[base.Owner] = true
			}
		}
	}
	for _, pair := range [][2]map[string]*contracts.Base{{wasBase, isBase}, {isBase, wasBase}} {
		for name, b := range pair[0] {
			if other := pair[1][name]; other == nil || other.Version != b.Version {
				owners[b.Owner] = true
			}
		}
	}
	delete(owners, "")
	out := make([]string, 0, len(owners))
	for o := range owners {
		out = append(out, o)
	}
	slices.Sort(out)
	return out
}

func basesOf(s *contracts.Set) map[string]*contracts.Base {
	out := map[string]*contracts.Base{}
	for _, b := range s.Bases {
		out[b.Name] = b
	}
	return out
}

// baseNameOf returns the name of a contract's base; "" for a contract without one, and for
// a contract that is not there.
func baseNameOf(c *contracts.Contract) string {
	if c == nil {
		return ""
	}
	return c.BaseName()
}

// ownerWarnings returns which owners of what a set would change could never approve it: those
// whose group is empty by the directory, or has nobody but authors in it; where no directory
// says who is in which group, those that no contract names as people.
func (c *proposer) ownerWarnings(ctx context.Context, proposed *contracts.Set, authors []access.Person) ([]string, error) {
	out := []string{}
	current := c.catalog.contracts.Current()
	owners := ownersOfChanges(current, proposed)
	people, known, err := c.ledger.PeopleIn(ctx, owners)
	if err != nil {
		return out, err
	}
	named := append(current.NamedGroups(), proposed.NamedGroups()...)
	for _, owner := range owners {
		switch in := people[owner]; {
		case !known && slices.Contains(named, owner):
		case !known:
			out = append(out, fmt.Sprintf("no contract names %s as a group of people, and it owns what changes: if nobody is in it, this can never be approved", owner))
		case len(in) == 0:
			out = append(out, fmt.Sprintf("nobody is in the group %s, which owns what changes: this can never be approved. Have somebody added to it", owner))
		case !slices.ContainsFunc(in, func(p access.Person) bool { return !slices.ContainsFunc(authors, p.SameHuman) }):
			out = append(out, fmt.Sprintf("everybody in the group %s, which owns what changes, has written it (%s), and nobody approves what they wrote: this can never be approved. Have somebody else added to the group, or propose what somebody else wrote", owner, labels(in)))
		}
	}
	return out, nil
}

// labels joins the names of people.
func labels(people []access.Person) string {
	var out []string
	for _, p := range people {
		out = append(out, access.Clip(p.Label(), 60))
	}
	return strings.Join(out, ", ")
}
