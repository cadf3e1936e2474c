package contracts

import (
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// testInventory is a list of what a target has in a test. What a test does not list is not
// known.
type testInventory struct {
	Target  string       `yaml:"target"`
	List    string       `yaml:"list"`
	Age     string       `yaml:"age"` // how long before the request the target was asked; at once if left out
	Choices []testChoice `yaml:"choices"`
}

type testChoice struct {
	Value      string            `yaml:"value"`
	Label      string            `yaml:"label"`
	Attributes map[string]string `yaml:"attributes"`
}

func (t testInventory) parse(d *document, asked time.Time, i, n int) *access.Inventory {
	out := &access.Inventory{Target: t.Target, List: t.List, At: asked, Digest: "sha256:test"}
	if t.Age != "" {
		out.At = asked.Add(-d.length(t.Age, "tests", i, "inventories", n, "age").Std())
	}
	if t.Target == "" {
		d.issue("test_inventory", "an inventory is a target's: write target", "tests", i, "inventories", n)
	}
	for _, c := range t.Choices {
		out.Choices = append(out.Choices, access.Choice{Value: c.Value, Label: c.Label, Attributes: c.Attributes})
	}
	slices.SortFunc(out.Choices, func(a, b access.Choice) int { return strings.Compare(a.Value, b.Value) })
	for _, is := range out.Validate() {
		d.issue("test_inventory", is.Message, "tests", i, "inventories", n)
	}
	return out
}
