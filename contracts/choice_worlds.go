package contracts

import (
	"fmt"
	"slices"

	"github.com/google/cel-go/common/ast"

	"ramp.dev/ramp/access"
)

// sampleChoice is the value of a param with choices and without a pattern, in generated
// questions.
const sampleChoice = "choice-1"

// inventoriesFor returns what targets have in generated questions: nothing that is known,
// and the chosen value with no attributes, with those of the requester, and with those
// that the conditions name.
func inventoriesFor(of []*Contract) []func(Input) []*access.Inventory {
	nothing := func(Input) []*access.Inventory { return nil }
	if !slices.ContainsFunc(of, func(c *Contract) bool { return len(c.choiceParams()) > 0 }) {
		return []func(Input) []*access.Inventory{nothing}
	}
	with := func(attributes func(in Input, c *Contract, param string) map[string]string) func(Input) []*access.Inventory {
		return func(in Input) []*access.Inventory { return inventoriesWith(of, in, attributes) }
	}
	return []func(Input) []*access.Inventory{nothing,
		with(func(Input, *Contract, string) map[string]string { return nil }),
		with(func(in Input, _ *Contract, _ string) map[string]string { return in.Person.Attributes }),
		with(func(_ Input, c *Contract, param string) map[string]string { return c.named(param) })}
}

func inventoriesWith(of []*Contract, in Input, attributes func(in Input, c *Contract, param string) map[string]string) (out []*access.Inventory) {
	for _, c := range of {
		for _, name := range c.choiceParams() {
			p := c.terms.params.Params[name]
			value := fmt.Sprint(in.Request.Params[name])
			i := access.FindInventory(out, p.Choices.name())
			if i == nil {
				i = &access.Inventory{Target: p.Choices.From, List: p.Choices.List, At: in.Now, Digest: "sha256:generated"}
				out = append(out, i)
			}
			if _, there := i.Find(value); !there {
				i.Choices = []access.Choice{{Value: value, Attributes: attributes(in, c, name)}}
			}
		}
	}
	return out
}

// named returns each attribute of a param's choices that conditions read, with a text that
// they name.
func (c *Contract) named(param string) map[string]string {
	out := map[string]string{}
	isVariable := func(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "choice" }
	isChosen := func(e ast.Expr) bool { name, reads := chosenParam(e); return reads && name == param }
	if where := c.terms.params.Params[param].Choices.where; where != nil {
		chosenAttributes(out, where.tree.Expr(), isVariable)
	}
	for _, p := range c.terms.placed() {
		chosenAttributes(out, p.tree, isChosen)
	}
	return out
}
