package integrations

import (
	"context"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// Described is what a target's configuration says of what it may give, by list: what
// people call it, and attributes that contracts compare with the requester's.
type Described map[string][]DescribedChoice

// DescribedChoice is one choice of a list.
type DescribedChoice struct {
	Value      string            `yaml:"value"`
	Label      string            `yaml:"label,omitempty"`
	Attributes map[string]string `yaml:"attributes,omitempty"`
}

// Validate returns what is wrong. lists are the target's lists, and of each whether it
// may give a value.
func (d Described) Validate(lists map[string]func(value string) bool) (issues access.Issues) {
	for _, list := range slices.Sorted(maps.Keys(d)) {
		field := "describe." + access.Clip(list, 40)
		gives, known := lists[list]
		if !known {
			issues.Add("describe_list", field, "this kind of target has no list %q; it has %s", access.Clip(list, 40), strings.Join(slices.Sorted(maps.Keys(lists)), ", "))
			continue
		}
		for _, one := range d[list] {
			issues.Require(gives(one.Value), "describe_not_allowed", field, "%q is nothing that this target may give", access.Clip(one.Value, 60))
		}
		whole := access.Inventory{List: list, Choices: d.with(list, nil)}
		for _, is := range whole.Validate() {
			issues.Add(is.Code, field, "%s", is.Message)
		}
	}
	return issues
}

// with returns a list's choices in the order of values: those that are described, and
// each value that is not, bare.
func (d Described) with(list string, values []string) []access.Choice {
	var out []access.Choice
	for _, one := range d[list] {
		out = append(out, access.Choice{Value: one.Value, Label: one.Label, Attributes: one.Attributes})
	}
	for _, v := range values {
		if !slices.ContainsFunc(d[list], func(one DescribedChoice) bool { return one.Value == v }) {
			out = append(out, access.Choice{Value: v})
		}
	}
	slices.SortFunc(out, func(a, b access.Choice) int { return strings.Compare(a.Value, b.Value) })
	return out
}

// describedPage is how many choices a page has.
const describedPage = 500

// Page returns one page of a list, as Inventory's Choices does: of the values that the
// target may give, and of what is described.
func (d Described) Page(ctx context.Context, list string, values []string, after string) ([]access.Choice, string, error) {
	all := d.with(list, values)
	from, _ := slices.BinarySearchFunc(all, after, func(c access.Choice, v string) int {
		if c.Value <= v {
			return -1
		}
		return 1
	})
	if after == "" {
		from = 0
	}
	page := all[from:min(len(all), from+describedPage)]
	if from+len(page) < len(all) {
		return page, page[len(page)-1].Value, ctx.Err()
	}
	return page, "", ctx.Err()
}
