package contracts

import (
	"fmt"
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

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
	with := func(attributes func(Input, *choices) map[string]string) func(Input) []*access.Inventory {
		return func(in Input) []*access.Inventory { return inventoriesWith(of, in, attributes) }
	}
	return []func(Input) []*access.Inventory{nothing,
		with(func(Input, *choices) map[string]string { return nil }),
		with(func(in Input, _ *choices) map[string]string { return in.Person.Attributes }),
		with(func(_ Input, c *choices) map[string]string { return c.named() })}
}

func inventoriesWith(of []*Contract, in Input, attributes func(Input, *choices) map[string]string) (out []*access.Inventory) {
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
				i.Choices = []access.Choice{{Value: value, Attributes: attributes(in, &p.Choices)}}
			}
		}
	}
	return out
}

// named returns each attribute of a choice that the condition reads, with the first text
// that it names.
func (c *choices) named() map[string]string {
	out := map[string]string{}
	if c.where == nil {
		return out
	}
	text := "x"
	var names []string
	ast.PostOrderVisit(c.where.tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if s := e.AsSelect(); s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "choice" {
				names = append(names, s.FieldName())
			}
		case ast.LiteralKind:
			if literal, ok := e.AsLiteral().(types.String); ok && text == "x" {
				text = string(literal)
			}
		}
	}))
	for _, n := range names {
		out[n] = text
	}
	return out
}
