package integrations

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// Inventory is a Target that can list what people may choose on it: hosts, accounts,
// policies. What it lists, it takes in an entitlement; whether a contract gives it, the
// contract says.
type Inventory interface {
	// Lists returns the names of its lists, such as users; see access.ValidList.
	Lists() []string
	// Choices returns a page of one list, the first if after is empty, and what to give
	// as after for the next page; empty on the last. Pages may be in any order, and need
	// not be of one moment. It changes nothing, and lists no secrets. Errors are also of
	// code not_found (there is no such list).
	Choices(ctx context.Context, list, after string) (page []access.Choice, next string, err error)
}

// maxPages bounds how often a list is asked for its next page.
const maxPages = 1000

// Lists returns the names of the target's lists, in order; none if it has no inventory.
func (t *Guarded) Lists() []string {
	i, ok := t.target.(Inventory)
	if !ok {
		return nil
	}
	return slices.Sorted(slices.Values(i.Lists()))
}

// Choices returns all of one list; see Inventory. It is in the order of values, and within the bounds
// of access.Inventory. Errors are also of code not_found: the target has no such list;
// and of code invalid: it lists what cannot be shown, or more than an inventory holds.
func (t *Guarded) Choices(ctx context.Context, list string) ([]access.Choice, error) {
	if !slices.Contains(t.Lists(), list) {
		return nil, access.Errorf(access.CodeNotFound, "this target has no list %q; it has %s", access.Clip(list, 40), strings.Join(t.Lists(), ", "))
	}
	i := t.target.(Inventory)
	var all []access.Choice
	for after, n := "", 0; ; n++ {
		page, next, err := i.Choices(ctx, list, after)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == "" {
			break
		}
		if next == after || n == maxPages || len(all) > access.MaxChoices {
			return nil, access.Errorf(access.CodeInvalid, "the %s do not end after %d pages with %d choices; an inventory lists %d at the most", list, n+1, len(all), access.MaxChoices)
		}
		after = next
	}
	slices.SortFunc(all, func(a, b access.Choice) int { return strings.Compare(a.Value, b.Value) })
	whole := access.Inventory{List: list, Choices: all}
	if issues := whole.Validate(); len(issues) > 0 {
		return nil, fmt.Errorf("the %s: %w", list, issues.Err())
	}
	return all, nil
}

// Lists returns the names of a target's lists; none for one without an inventory. Errors
// are those of a target that is not there.
func (b *Broker) Lists(target string) ([]string, error) {
	t, _, err := b.target(target)
	if err != nil {
		return nil, err
	}
	return t.Lists(), nil
}

// Choices returns one list of a target whole; see Guarded.Choices.
func (b *Broker) Choices(ctx context.Context, target, list string) ([]access.Choice, error) {
	return call(ctx, b, opening("list "+list, target), func(ctx context.Context, t *Guarded) ([]access.Choice, error) { return t.Choices(ctx, list) })
}

// Distinct returns what the rules of an allow-list name, in order, each once.
func Distinct[Rule any](rules []Rule, of func(Rule) []string) []string {
	var all []string
	for _, rule := range rules {
		all = append(all, of(rule)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
