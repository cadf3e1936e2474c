package contracts

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"ramp.dev/ramp/access"
)

// approverCondition is a CEL condition on an approver. What it says of requester and
// request is evaluated when the request is made, and what remains (an
// access.ApproverCheck) is in the signed plan: a worker and an offline verifier,
// which know no CEL and no contract, evaluate that for each approval.
type approverCondition struct {
	text  string
	root  approverNode
	tree  ast.Expr
	reads reading // of the world outside
}

// approverNode makes a check from the variables of one request.
type approverNode func(vars map[string]any) access.ApproverCheck

// approverSubset says what may be written of an approver.
const approverSubset = `of an approver only this may be written: approver.NAME or approver.attributes.NAME with ==, != or in [...]; has(approver.NAME); "group" in approver.groups; joined by &&, || and !`

// approverCondition compiles a condition on an approver; nil if it is wrong.
func (d *document) approverCondition(text string, path ...any) *approverCondition {
	env, err := d.env.Extend(cel.Variable("approver", cel.MapType(cel.StringType, cel.DynType)))
	if err != nil {
		d.issue("condition", err.Error(), path...)
		return nil
	}
	if _, err := compile(env, text); err != nil { // its type, its length, its texts
		d.notCondition(err, path...)
		return nil
	}
	parsed, _ := env.Compile(text) // it has just compiled
	c := approverCompiler{env: d.env, parsed: parsed.NativeRep()}
	root, err := c.node(c.parsed.Expr())
	if err == nil && nesting(c.parsed.Expr()) > maxNesting {
		err = fmt.Errorf("its &&, || and ! are nested more than %d deep; write alternatives as ways of the stage (anyOf)", maxNesting)
	}
	if err == nil && !c.reads(c.parsed.Expr()) {
		err = fmt.Errorf("this says nothing of the approver; a condition on the request belongs in the stage's when")
	}
	if err != nil {
		d.issue("condition", err.Error(), path...)
		return nil
	}
	return &approverCondition{text: text, root: root, tree: c.parsed.Expr(), reads: readingOf(c.parsed.Expr())}
}

// fill evaluates what the condition says of the request. The step is satisfied if
// some approver could satisfy the rest.
func (c *approverCondition) fill(field string, vars map[string]any) (access.ApproverCheck, Step) {
	check := c.root(vars)
	step := Step{Field: field, Expression: c.text, Result: Satisfied, Detail: check.String()}
	switch {
	case check.Known == "false":
		step.Result, step.Detail = NotSatisfied, "no approver can satisfy it for this request"
	case check.Never():
		step.Result, step.Detail = Unevaluated, "what it compares with is not known of this request"
	}
	return check, step
}

// maxNesting bounds how deep a condition is nested: what remains of it is in the signed
// plan, and those who read plans refuse JSON that is nested deeper than any document
// of Ramp's.
const maxNesting = 8

// nesting returns how deep the connectives of an expression are nested. CEL balances a
// chain of one connective, so that a long list of alternatives is not deep.
func nesting(e ast.Expr) int {
	if e.Kind() != ast.CallKind {
		return 0
	}
	deepest := 0
	for _, arg := range e.AsCall().Args() {
		deepest = max(deepest, nesting(arg))
	}
	switch e.AsCall().FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot:
		return deepest + 1
	}
	return deepest
}

type approverCompiler struct {
	env    *cel.Env
	parsed *ast.AST
}

// reads reports whether an expression reads the approver.
func (c approverCompiler) reads(e ast.Expr) bool {
	found := false
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		found = found || e.Kind() == ast.IdentKind && e.AsIdent() == "approver"
	}))
	return found
}

// node compiles one part of the condition.
func (c approverCompiler) node(e ast.Expr) (approverNode, error) {
	if !c.reads(e) {
		return c.ofRequest(e)
	}
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		field, err := c.field(e.AsSelect().Operand(), e.AsSelect().FieldName())
		return always(access.ApproverCheck{Field: field}), err
	}
	if e.Kind() != ast.CallKind {
		return nil, fmt.Errorf("%s", approverSubset)
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr:
		return c.connective(call)
	case operators.LogicalNot:
		inner, err := c.node(call.Args()[0])
		return negated(inner), err
	case operators.Equals:
		return c.comparison(call.Args()[0], call.Args()[1])
	case operators.NotEquals:
		inner, err := c.comparison(call.Args()[0], call.Args()[1])
		return negated(inner), err
	case operators.In:
		return c.membership(call.Args()[0], call.Args()[1])
	}
	return nil, fmt.Errorf("%s", approverSubset)
}

func always(check access.ApproverCheck) approverNode {
	return func(map[string]any) access.ApproverCheck { return check }
}

// ofRequest compiles a part that does not read the approver. What two parts of the request
// lack makes them no more alike than it makes approver and requester.
func (c approverCompiler) ofRequest(e ast.Expr) (approverNode, error) {
	if e.Kind() != ast.CallKind {
		return c.known(e)
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr:
		return c.connective(call)
	case operators.LogicalNot:
		inner, err := c.node(call.Args()[0])
		return negated(inner), err
	case operators.Equals, operators.NotEquals:
		return c.alike(e)
	}
	return c.known(e)
}

// alike compiles a comparison of two parts of the request: unknown where both are blank
// and neither is a text of the contract.
func (c approverCompiler) alike(e ast.Expr) (approverNode, error) {
	whole, err := c.known(e)
	if err != nil {
		return nil, err
	}
	var sides []cel.Program
	for _, arg := range e.AsCall().Args() {
		if arg.Kind() == ast.LiteralKind {
			return whole, nil
		}
		program, err := c.program(arg)
		if err != nil {
			return nil, err
		}
		sides = append(sides, program)
	}
	return func(vars map[string]any) access.ApproverCheck {
		for _, side := range sides {
			out, _, err := side.Eval(vars)
			if text, isText := out.(types.String); err != nil || !isText || !access.IsBlank(string(text)) {
				return whole(vars)
			}
		}
		return access.ApproverCheck{}
	}, nil
}

// known compiles a part that does not read the approver, and evaluates it as a whole.
func (c approverCompiler) known(e ast.Expr) (approverNode, error) {
	program, err := c.program(e)
	return func(vars map[string]any) access.ApproverCheck {
		out, _, err := program.Eval(vars)
		if err != nil {
			return access.ApproverCheck{}
		}
		return knownCheck(out)
	}, err
}

func knownCheck(v ref.Val) access.ApproverCheck {
	switch v {
	case types.True:
		return access.ApproverCheck{Known: "true"}
	case types.False:
		return access.ApproverCheck{Known: "false"}
	}
	return access.ApproverCheck{}
}

// program compiles a part by itself.
func (c approverCompiler) program(e ast.Expr) (cel.Program, error) {
	text, err := cel.ExprToString(e, c.parsed.SourceInfo())
	if err != nil {
		return nil, fmt.Errorf("%s", approverSubset)
	}
	parsed, issues := c.env.Compile(text)
	if issues.Err() != nil {
		return nil, fmt.Errorf("%s", approverSubset)
	}
	return programOf(c.env, parsed)
}

// connective compiles an and, or an or.
func (c approverCompiler) connective(call ast.CallExpr) (approverNode, error) {
	var nodes []approverNode
	for _, arg := range call.Args() {
		n, err := c.node(arg)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	and := call.FunctionName() == operators.LogicalAnd
	return func(vars map[string]any) access.ApproverCheck {
		parts := make([]access.ApproverCheck, len(nodes))
		for i, n := range nodes {
			parts[i] = n(vars)
		}
		return connected(and, parts)
	}, nil
}

// connected joins checks, and leaves out what is known: true of an and, false of an or.
func connected(and bool, parts []access.ApproverCheck) access.ApproverCheck {
	neutral, decisive := "true", "false"
	if !and {
		neutral, decisive = decisive, neutral
	}
	var left []access.ApproverCheck
	for _, p := range parts {
		switch p.Known {
		case decisive:
			return p
		case neutral:
		default:
			left = append(left, p)
		}
	}
	switch {
	case len(left) == 0:
		return access.ApproverCheck{Known: neutral}
	case len(left) == 1:
		return left[0]
	case and:
		return access.ApproverCheck{All: left}
	}
	return access.ApproverCheck{Any: left}
}

func negated(inner approverNode) approverNode {
	return func(vars map[string]any) access.ApproverCheck {
		switch check := inner(vars); {
		case check.Known == "true":
			return access.ApproverCheck{Known: "false"}
		case check.Known == "false":
			return access.ApproverCheck{Known: "true"}
		default:
			return access.ApproverCheck{Not: &check}
		}
	}
}

// comparison compiles approver.NAME == something of the request, either way round.
func (c approverCompiler) comparison(a, b ast.Expr) (approverNode, error) {
	if c.reads(b) {
		a, b = b, a
	}
	field, err := c.place(a)
	if err != nil || c.reads(b) {
		return nil, fmt.Errorf("%s", approverSubset)
	}
	program, err := c.program(b)
	return func(vars map[string]any) access.ApproverCheck {
		out, _, err := program.Eval(vars)
		text, isText := out.(types.String)
		if err != nil || !isText || access.IsBlank(string(text)) {
			return access.ApproverCheck{} // nobody is alike by both lacking something
		}
		return access.ApproverCheck{Field: field, In: []string{string(text)}}
	}, err
}

// membership compiles approver.NAME in [...], and "group" in approver.groups.
func (c approverCompiler) membership(item, list ast.Expr) (approverNode, error) {
	if c.reads(list) {
		return c.inGroups(item, list)
	}
	field, err := c.place(item)
	if err != nil {
		return nil, err
	}
	program, err := c.program(list)
	return func(vars map[string]any) access.ApproverCheck {
		out, _, err := program.Eval(vars)
		values, isList := out.(traits.Lister)
		if err != nil || !isList {
			return access.ApproverCheck{}
		}
		check, lacks := access.ApproverCheck{Field: field}, false
		for it := values.Iterator(); it.HasNext() == types.True; {
			if text, isText := it.Next().(types.String); isText && !access.IsBlank(string(text)) {
				check.In = append(check.In, string(text))
			} else {
				lacks = true
			}
		}
		switch {
		case len(check.In) == 0 && lacks:
			return access.ApproverCheck{} // whoever lacks it too is neither in the list nor outside of it
		case len(check.In) == 0:
			return access.ApproverCheck{Known: "false"}
		case lacks:
			return access.ApproverCheck{Any: []access.ApproverCheck{check, {}}}
		}
		return check
	}, err
}

func (c approverCompiler) inGroups(item, list ast.Expr) (approverNode, error) {
	if c.reads(item) || list.Kind() != ast.SelectKind || list.AsSelect().FieldName() != "groups" || !isApprover(list.AsSelect().Operand()) {
		return nil, fmt.Errorf("%s", approverSubset)
	}
	program, err := c.program(item)
	return func(vars map[string]any) access.ApproverCheck {
		out, _, err := program.Eval(vars)
		text, isText := out.(types.String)
		if err != nil || !isText || access.IsBlank(string(text)) {
			return access.ApproverCheck{}
		}
		return access.ApproverCheck{Group: string(text)}
	}, err
}

func isApprover(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "approver" }

// place returns the field of an approver that an expression reads.
func (c approverCompiler) place(e ast.Expr) (string, error) {
	switch {
	case e.Kind() == ast.SelectKind:
		return c.field(e.AsSelect().Operand(), e.AsSelect().FieldName())
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index && e.AsCall().Args()[1].Kind() == ast.LiteralKind:
		if name, isText := e.AsCall().Args()[1].AsLiteral().(types.String); isText {
			return c.field(e.AsCall().Args()[0], string(name))
		}
	}
	return "", fmt.Errorf("%s", approverSubset)
}

// field returns the name of a field below approver or approver.attributes.
func (c approverCompiler) field(operand ast.Expr, name string) (string, error) {
	own := name == "id" || name == "name" || name == "email" || name == "kind" || name == "onBehalfOf"
	switch {
	case isApprover(operand) && own:
		return name, nil
	case isApprover(operand) && name != "groups" && name != "attributes":
		return "attributes." + name, nil
	case operand.Kind() == ast.SelectKind && operand.AsSelect().FieldName() == "attributes" && isApprover(operand.AsSelect().Operand()):
		return "attributes." + name, nil
	}
	return "", fmt.Errorf("%s", approverSubset)
}
