package contracts

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"ramp.dev/ramp/access"
)

// chosenVariable is the variable by which conditions on approval read what was chosen, as
// the inventory describes it: choices.PARAM.ATTRIBUTE.
const chosenVariable = "choices"

// chosen lets conditions on approval read what was chosen, once it is known. It has no field
// of its own.
type chosen struct {
	read bool // whether a condition reads any of it
}

func (*chosen) section() string { return "" }

// choiceVariable is a choice as conditions read it.
func choiceVariable(one access.Choice) map[string]any {
	out := make(map[string]any, len(one.Attributes)+3)
	attributes := make(map[string]any, len(one.Attributes))
	for name, value := range one.Attributes {
		out[name], attributes[name] = value, value
	}
	out["value"], out["label"], out["attributes"] = one.Value, one.Label, attributes
	return out
}

// chosenVariables are the choices of a plan, by param. One that a pattern alone allowed has
// no attributes, and no label: whatever reads them cannot be evaluated.
func chosenVariables(all []access.Chosen) map[string]any {
	out := map[string]any{}
	for _, c := range all {
		if c.Known() {
			out[c.Param] = choiceVariable(c.Choice)
			continue
		}
		out[c.Param] = map[string]any{"value": c.Value, "attributes": map[string]any{}}
	}
	return out
}

// check holds what conditions read of choices against the params. Who may ask at all is
// evaluated before anything is chosen, and for the catalogue; what decides about approval
// must be of a target that is granted, since its worker asks again before it opens: an
// owner that changed meanwhile has approved nothing.
func (c *chosen) check(d *document) {
	t := &d.contract.terms
	for _, early := range []struct {
		cond *condition
		path []any
	}{
		{t.who.condition, []any{"request", "who"}},
		{t.ticket.when, []any{"request", "ticket", "when"}},
		{t.breakGlass.who, []any{"breakGlass", "who"}},
	} {
		if early.cond != nil && readsVariable(early.cond.tree.Expr(), chosenVariable) {
			d.issue("choices_early", "whether this may be requested does not depend on what was chosen: bound the choice itself (choices.where), or read it where approval is decided", early.path...)
		}
	}
	for _, p := range t.placed() {
		for _, param := range chosenRead(p.tree) {
			c.read = true
			d.checkChosen(param, p.path)
		}
	}
}

// checkChosen reports a param whose choice a condition cannot read.
func (d *document) checkChosen(name string, path []any) {
	t := &d.contract.terms
	p, declared := t.params.Params[name]
	switch {
	case name == "":
		d.issue("choices_read", "write which param's choice this reads: choices.PARAM.ATTRIBUTE", path...)
	case !declared || !p.Choices.set():
		message := fmt.Sprintf("there is no param %q with choices", access.Clip(name, 40))
		if near := Nearest(name, d.contract.choiceParams()); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		d.issue("choices_read", message, path...)
	case len(t.grants.Grants) > 0 && !slices.ContainsFunc(t.grants.Grants, func(g grant) bool { return g.Target == p.Choices.From }):
		d.issue("choices_target", fmt.Sprintf("this reads what %s says of its %s, and nothing is granted there: only the worker of a granted target asks again before it opens, so that approvers would be those of an old list", p.Choices.From, p.Choices.List), path...)
	}
}

// placedCondition is a condition and where it is written.
type placedCondition struct {
	tree ast.Expr
	path []any
}

// placed returns the conditions that are evaluated once it is known what was chosen.
func (t *terms) placed() (out []placedCondition) {
	add := func(c *condition, path ...any) {
		if c != nil {
			out = append(out, placedCondition{c.tree.Expr(), path})
		}
	}
	on := func(a *approvers, path ...any) {
		if a.where != nil {
			out = append(out, placedCondition{a.where.tree, path})
		}
	}
	add(t.auto.condition, "approval", "auto")
	for i := range t.stages.Stages {
		st := &t.stages.Stages[i]
		add(st.when, "approval", "stages", i, "when")
		for w := range st.ways {
			if len(st.AnyOf) == 0 {
				on(st.ways[w], "approval", "stages", i, "where")
			} else {
				on(st.ways[w], "approval", "stages", i, "anyOf", w, "where")
			}
		}
	}
	on(&t.extend.Approvers, "extend", "approvers", "where")
	for i := range t.endWhen.EndWhen {
		add(t.endWhen.EndWhen[i].condition, "endWhen", i, "if")
	}
	return out
}

// chosenRead returns the params whose choices an expression reads, each once; "" for a use
// that does not name one.
func chosenRead(e ast.Expr) []string {
	names, uses := map[string]bool{}, 0
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind && e.AsIdent() == chosenVariable {
			uses++
		}
		if name, reads := chosenParam(e); reads {
			names[name] = true
			uses--
		}
	}))
	if uses > 0 {
		names[""] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// chosenParam returns the param of which an expression is the choice: choices.PARAM.
func chosenParam(e ast.Expr) (string, bool) {
	if e.Kind() != ast.SelectKind {
		return "", false
	}
	s := e.AsSelect()
	return s.FieldName(), s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == chosenVariable
}

// chosenAttributes adds each attribute that an expression reads of a choice, of which of
// reports the choices, with a text that the expression compares it with.
func chosenAttributes(out map[string]string, e ast.Expr, of func(ast.Expr) bool) {
	attribute := func(e ast.Expr) (string, bool) {
		if e.Kind() != ast.SelectKind {
			return "", false
		}
		s := e.AsSelect()
		below := s.Operand().Kind() == ast.SelectKind && s.Operand().AsSelect().FieldName() == "attributes" && of(s.Operand().AsSelect().Operand())
		return s.FieldName(), (of(s.Operand()) || below) && !slices.Contains([]string{"value", "label", "attributes"}, s.FieldName())
	}
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if name, reads := attribute(e); reads && out[name] == "" {
			out[name] = "x"
		}
		if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
			return
		}
		a, b := e.AsCall().Args()[0], e.AsCall().Args()[1]
		if name, reads := attribute(b); reads && a.Kind() == ast.LiteralKind {
			setLiteral(out, name, a)
		}
		if name, reads := attribute(a); reads && b.Kind() == ast.LiteralKind {
			setLiteral(out, name, b)
		} else if reads && e.AsCall().FunctionName() == operators.In && b.Kind() == ast.ListKind && b.AsList().Size() > 0 {
			setLiteral(out, name, b.AsList().Elements()[0])
		}
	}))
}

func setLiteral(out map[string]string, name string, e ast.Expr) {
	if e.Kind() != ast.LiteralKind {
		return
	}
	if text, ok := e.AsLiteral().(types.String); ok && text != "" {
		out[name] = string(text)
	}
}
