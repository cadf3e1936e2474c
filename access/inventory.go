package access

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Choice is one thing that a target has and people may choose: a host, an account, a
// policy.
type Choice struct {
	Value      string            `json:"value"`           // what a param takes; 1 to 256 characters
	Label      string            `json:"label,omitempty"` // what people call it; 120 characters at the most
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Inventory is one list of what a target has, as its worker signed it. It never lists
// secrets: people who may ask see it.
type Inventory struct {
	Target  string    `json:"target"`
	List    string    `json:"list"`
	Choices []Choice  `json:"choices"` // in the order of their values, each once
	At      time.Time `json:"at"`      // when the target was asked, in UTC
	// Digest is that of the signed bytes, "sha256:" and hexadecimal. It is no part of them.
	Digest string `json:"-"`
}

// InventoryName says which list of which target.
type InventoryName struct {
	Target string `json:"target"`
	List   string `json:"list"`
}

// String returns the name as people read it: users of ssh/demo.
func (n InventoryName) String() string { return n.List + " of " + n.Target }

// Chosen is a choice that is part of a plan, with where it came from.
type Chosen struct {
	Param  string `json:"param"`
	Target string `json:"target"`
	List   string `json:"list"`
	Choice
	// Inventory is the digest of the inventory that has it, and At how old that is.
	// Both are empty for a value that a pattern alone allowed, since no inventory was
	// known: then nobody has said that there is such a thing.
	Inventory string    `json:"inventory,omitempty"`
	At        time.Time `json:"at,omitzero"`
}

// Known reports whether an inventory had the choice.
func (c Chosen) Known() bool { return c.Inventory != "" }

// String returns the choice and where it comes from, in words.
func (c Chosen) String() string {
	out := c.Param + ": " + c.Value
	if c.Label != "" {
		out += " (" + c.Label + ")"
	}
	for _, name := range sortedKeys(c.Attributes) {
		out += ", " + name + " " + c.Attributes[name]
	}
	if !c.Known() {
		return out + "; by its pattern alone, since the " + c.List + " of " + c.Target + " were not known"
	}
	return out + "; one of the " + c.List + " of " + c.Target + " as of " + FormatTime(c.At)
}

// The bounds of an inventory.
const (
	MaxChoices         = 10_000
	MaxInventory       = 2 << 20 // bytes of all choices, as JSON
	maxChoiceValue     = 256
	maxChoiceLabel     = 120
	maxChoiceAttribute = 200
	maxAttributes      = 16
)

var (
	listShape      = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	attributeShape = regexp.MustCompile(`^[a-z][A-Za-z0-9_]{0,39}$`)
)

// ValidList reports whether a name can be that of a list: lowercase letters, digits and
// dashes, a letter first, 40 at the most.
func ValidList(name string) bool { return listShape.MatchString(name) }

// Find returns the choice of a value.
func (i *Inventory) Find(value string) (Choice, bool) {
	at, found := slices.BinarySearchFunc(i.Choices, value, func(c Choice, v string) int { return cmp.Compare(c.Value, v) })
	if !found {
		return Choice{}, false
	}
	return i.Choices[at], true
}

// Name returns which list it is.
func (i *Inventory) Name() InventoryName { return InventoryName{i.Target, i.List} }

// FindInventory returns the inventory of a name; nil if there is none.
func FindInventory(all []*Inventory, name InventoryName) *Inventory {
	for _, i := range all {
		if i.Name() == name {
			return i
		}
	}
	return nil
}

// Validate returns what is wrong with an inventory: it must be in order, within bounds,
// and show as it is. Ten mistakes are listed at the most.
func (i *Inventory) Validate() (issues Issues) {
	if !ValidList(i.List) {
		issues.Add("inventory_list", "list", "%q is no name of a list: lowercase letters, digits and dashes, a letter first, 40 at the most", Clip(i.List, 40))
	}
	if len(i.Choices) > MaxChoices {
		issues.Add("inventory_large", "choices", "the %s are %d; an inventory lists %d at the most", i.Name(), len(i.Choices), MaxChoices)
		return issues
	}
	size, before := 0, ""
	for n, c := range i.Choices {
		field := fmt.Sprintf("choices[%d]", n)
		if n > 0 && c.Value <= before {
			issues.Add("inventory_order", field, "%q is there twice, or not in order", Clip(c.Value, 60))
		}
		before = c.Value
		c.validate(&issues, field)
		size += c.size()
		if len(issues) >= 10 {
			return issues
		}
	}
	if size > MaxInventory {
		issues.Add("inventory_large", "choices", "the %s take %d bytes; an inventory takes %d at the most", i.Name(), size, MaxInventory)
	}
	return issues
}

func (c Choice) validate(issues *Issues, field string) {
	check := func(what, text string, least, most int) {
		n := utf8.RuneCountInString(text)
		issues.Require(n >= least && n <= most, "choice_length", field, "a choice's %s has %d to %d characters, and %q has %d", what, least, most, Clip(text, 40), n)
		issues.Require(strings.IndexFunc(text, notShown) < 0 && strings.TrimSpace(text) == text, "choice_characters", field,
			"a choice's %s is text of one line in which every character shows, without blanks at an end: %q", what, Clip(text, 40))
	}
	check("value", c.Value, 1, maxChoiceValue)
	check("label", c.Label, 0, maxChoiceLabel)
	issues.Require(len(c.Attributes) <= maxAttributes, "choice_attributes", field, "a choice has %d attributes at the most, and %q has %d", maxAttributes, Clip(c.Value, 40), len(c.Attributes))
	for _, name := range sortedKeys(c.Attributes) {
		issues.Require(attributeShape.MatchString(name) && name != "value" && name != "label" && name != "attributes", "choice_attributes", field,
			"%q is no name of an attribute: letters, digits and underscores, a small letter first, and not value, label or attributes", Clip(name, 40))
		check("attribute "+Clip(name, 40), c.Attributes[name], 0, maxChoiceAttribute)
	}
}

// size returns about how many bytes the choice takes.
func (c Choice) size() int {
	n := len(c.Value) + len(c.Label) + 40
	for name, value := range c.Attributes {
		n += len(name) + len(value) + 6
	}
	return n
}

// Same reports whether two choices are the same thing, described in the same way.
func (c Choice) Same(o Choice) bool {
	if c.Value != o.Value || c.Label != o.Label || len(c.Attributes) != len(o.Attributes) {
		return false
	}
	for name, value := range c.Attributes {
		if has, ok := o.Attributes[name]; !ok || has != value {
			return false
		}
	}
	return true
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
