package contracts

import (
	"fmt"
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"

	"ramp.dev/ramp/access"
)

// endFindings are conditions of endWhen that are never true, or always.
func (c *Contract) endFindings(add func(code, message, instead string, path ...any)) {
	for i := range c.terms.endWhen.EndWhen {
		e := &c.terms.endWhen.EndWhen[i]
		switch sometimes := e.condition.values(); {
		case len(sometimes) == 0 || len(sometimes) > 1:
		case sometimes[Satisfied]:
			add("end_always", fmt.Sprintf("access would always end at once: %s is true of every ticket and of everybody", e.If), "write when it ends, such as '!ticket.open'", "endWhen", i, "if")
		default:
			add("end_never", fmt.Sprintf("access never ends by this: %s is true of no ticket, and of nobody", e.If), "delete it, or write when access ends", "endWhen", i, "if")
		}
	}
}

// maxDecidedSchedules bounds the schedules whose every combination is tried.
const maxDecidedSchedules = 6

// values returns which values a condition may have where everything is known. It is
// certain where the condition reads only whether the ticket is open and who is on call:
// then every combination is tried. Of others nothing is returned.
func (c *condition) values() map[Truth]bool {
	if c.never {
		return map[Truth]bool{NotSatisfied: true}
	}
	if !readsWorldOnly(c.tree.Expr()) || len(c.reads.schedules) > maxDecidedSchedules {
		return nil
	}
	out := map[Truth]bool{}
	for _, open := range []bool{true, false} {
		for subset := range 1 << len(c.reads.schedules) {
			vars := variables(Input{Person: access.Person{ID: "somebody"}}, map[string]any{}, 0)
			onCall := map[string]bool{}
			for i, name := range c.reads.schedules {
				onCall[name] = subset>>i&1 == 1
			}
			vars["ticket.open"], vars[schedulesVariable] = open, onCall
			out[c.eval("", vars).Result] = true
		}
	}
	return out
}

// readsWorldOnly reports whether a condition reads only what values tries every value of.
func readsWorldOnly(e ast.Expr) bool {
	switch e.Kind() {
	case ast.LiteralKind:
		return true
	case ast.IdentKind:
		return e.AsIdent() == "ticket.open"
	case ast.SelectKind:
		s := e.AsSelect()
		return !s.IsTestOnly() && s.FieldName() == "open" && s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "ticket"
	case ast.CallKind:
		call := e.AsCall()
		switch call.FunctionName() {
		case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Equals, operators.NotEquals:
			return !slices.ContainsFunc(call.Args(), func(a ast.Expr) bool { return !readsWorldOnly(a) })
		case operators.Index:
			return call.Args()[0].Kind() == ast.IdentKind && call.Args()[0].AsIdent() == schedulesVariable
		}
	}
	return false
}
