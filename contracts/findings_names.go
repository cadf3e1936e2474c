package contracts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/google/cel-go/common/ast"
)

// nameFindings finds person.group for person.groups: it reads a claim of that name, which
// hardly anybody has, so that the condition can never be evaluated. One letter too many, too
// few or another is the mark: person.team is a claim, however like it is to person.name.
func (c *Contract) nameFindings(add func(code, message, instead string, path ...any)) {
	for _, one := range c.written() {
		ast.PostOrderVisit(one.condition.tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
			if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind || e.AsSelect().Operand().AsIdent() != "person" {
				return
			}
			name := e.AsSelect().FieldName()
			i := slices.IndexFunc(standard, func(own string) bool {
				return name != own && levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(own)) <= 1
			})
			if i >= 0 && !slices.Contains(standard, name) {
				add("person_name", fmt.Sprintf("person.%s is a claim of that name, and none of what Ramp says of everybody", name),
					fmt.Sprintf("did you mean person.%s? If not, write person.attributes.%s", standard[i], name), one.path...)
			}
		}))
	}
}

// writtenCondition is a condition with where it is written.
type writtenCondition struct {
	condition *condition
	path      []any
}

// written returns the conditions on who asks, with their places.
func (c *Contract) written() (out []writtenCondition) {
	t := &c.terms
	out = []writtenCondition{{t.who.condition, []any{"request", "who"}}, {t.ticket.when, []any{"request", "ticket", "when"}},
		{t.auto.condition, []any{"approval", "auto"}}, {t.breakGlass.who, []any{"breakGlass", "who"}}}
	for i := range t.stages.Stages {
		out = append(out, writtenCondition{t.stages.Stages[i].when, []any{"approval", "stages", i, "when"}})
	}
	for _, name := range c.choiceParams() {
		p := t.params.Params[name]
		out = append(out, writtenCondition{p.Choices.where, []any{"request", "params", name, "choices", "where"}})
	}
	return slices.DeleteFunc(out, func(one writtenCondition) bool { return one.condition == nil })
}
