package contracts

import (
	"slices"

	"github.com/google/cel-go/common/ast"
)

// Askers returns the groups that request.who names and of which one is enough to ask,
// sorted.
func (c *Contract) Askers() (out []string) {
	named := newVocabulary()
	ast.PostOrderVisit(c.terms.who.condition.tree.Expr(), ast.NewExprVisitor(named.visit))
	for _, g := range c.requesters() {
		if named.groups[g] {
			out = append(out, g)
		}
	}
	slices.Sort(out)
	return out
}
