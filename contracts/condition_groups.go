package contracts

import (
	"fmt"
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
)

// mistakenGroups returns what to write instead where a condition takes somebody's groups
// for one text: compared with a text it is never true, and its methods are those of no list,
// so that nobody would ever be let in. It returns "" where no such mistake is.
func mistakenGroups(a *ast.AST) (why string) {
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || why != "" {
			return
		}
		call := e.AsCall()
		operands := slices.Clone(call.Args())
		if call.IsMemberFunction() {
			operands = append([]ast.Expr{call.Target()}, operands...)
		} else if f := call.FunctionName(); f != operators.Equals && f != operators.NotEquals {
			return
		}
		if len(operands) != 2 {
			return
		}
		whose, text := groupsOf(operands[0]), literalText(operands[1])
		if whose == "" && !call.IsMemberFunction() {
			whose, text = groupsOf(operands[1]), literalText(operands[0])
		}
		if whose != "" && text != "" {
			why = fmt.Sprintf("%s.groups is a list: write %q in %s.groups", whose, text, whose)
		}
	}))
	return why
}

// groupsOf returns whose groups an expression is, such as person; "" if it is none's.
func groupsOf(e ast.Expr) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().FieldName() != "groups" || e.AsSelect().Operand().Kind() != ast.IdentKind {
		return ""
	}
	return e.AsSelect().Operand().AsIdent()
}

// literalText returns the text that an expression is; "" if it is none.
func literalText(e ast.Expr) string {
	if e.Kind() != ast.LiteralKind {
		return ""
	}
	text, _ := e.AsLiteral().Value().(string)
	return text
}
