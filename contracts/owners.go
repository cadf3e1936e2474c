package contracts

import (
	"fmt"
	"slices"
)

// Owners returns who owns a contract or a base, each once.
func (s *Set) Owners() (out []string) {
	for _, c := range s.Contracts {
		out = append(out, c.Owner)
	}
	for _, b := range s.Bases {
		out = append(out, b.Owner)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(o string) bool { return o == "" })
}

// NamedGroups returns the groups that some contract names as those who ask, approve or
// review, each once.
func (s *Set) NamedGroups() (out []string) {
	v := newVocabulary()
	for _, c := range s.Contracts {
		v.read(c)
		out = append(out, c.deciders()...)
	}
	for g := range v.groups {
		out = append(out, g)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// OwnerFindings returns the owners of which nobody can approve changes, where contracts
// change by proposals. groups are those that somebody is in; where that is not known (nil)
// it is taken from what the contracts name, since the name of a team is often nobody's group.
func (s *Set) OwnerFindings(groups []string) (out []Finding) {
	message := "nobody is in the group %q, which owns this: no change of it can be approved"
	if groups == nil {
		groups = s.NamedGroups()
		message = "no contract names %q as a group of people, and as the owner it must approve each change: if nobody is in it, none can be approved"
	}
	add := func(name, owner, place string) {
		if owner != "" && !slices.Contains(groups, owner) {
			out = append(out, Finding{Code: "owner_unknown", Contract: name, Place: place, Message: fmt.Sprintf(message, owner), Instead: suggestion(owner, groups)})
		}
	}
	for _, c := range s.Contracts {
		add(c.Name, c.Owner, c.at("metadata", "owner"))
	}
	for _, b := range s.Bases {
		add(b.Name, b.Owner, b.document.at("metadata", "owner"))
	}
	return out
}
