package worker

import (
	"maps"
	"slices"
)

// listing is the Config of a kind of target that lists what people may choose.
type listing interface{ Lists() []string }

// ListsOfTheirOwn returns the kinds of targets whose lists their description names: there is
// no telling by the kind.
func ListsOfTheirOwn() []string { return []string{"exec", "webhook"} }

// Lists returns the names of the lists that any kind of target has, each once and in order:
// what contracts may name in choices.list.
func Lists() (out []string) {
	kinds := integrationKinds()
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if c, lists := kinds[kind].empty.(listing); lists {
			out = append(out, c.Lists()...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// KnowsLists reports whether the target's kind says which lists it has.
func (c TargetConfig) KnowsLists() bool {
	return c.Config != nil && !slices.Contains(ListsOfTheirOwn(), c.Kind)
}

// Lists returns the names of the lists that the target has by its kind; none of a kind that
// lists nothing.
func (c TargetConfig) Lists() []string {
	if l, lists := c.Config.(listing); lists {
		return l.Lists()
	}
	return nil
}
