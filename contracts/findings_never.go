package contracts

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"

	"ramp.dev/ramp/access"
)

// maxDecidedGroups bounds the groups whose every combination is tried.
const maxDecidedGroups = 8

// neverTrue reports whether a condition is true of nobody whom request.who may admit,
// for no length that the contract gives. It is certain where conditions read groups, the
// kind of person, the length and breakGlass alone: then every combination is tried. Of
// other conditions it knows only those that are written as false.
func (c *Contract) neverTrue(cond *condition) bool {
	if cond.never {
		return true
	}
	if !decidable(cond.tree.Expr()) {
		return false
	}
	both := []*condition{cond}
	if who := c.terms.who.condition; who != nil && who != cond && decidable(who.tree.Expr()) {
		both = append(both, who)
	}
	v := newVocabulary()
	for _, one := range both {
		ast.PostOrderVisit(one.tree.Expr(), ast.NewExprVisitor(v.visit))
	}
	v.length(c.terms.duration.max)
	groups := slices.Sorted(maps.Keys(v.groups))
	if len(groups) > maxDecidedGroups {
		return false
	}
	for subset := range 1 << len(groups) {
		p := access.Person{ID: "somebody", Groups: []string{"of nobody else"}}
		for i, g := range groups {
			if subset>>i&1 == 1 {
				p.Groups = append(p.Groups, g)
			}
		}
		for _, p.Kind = range []access.PersonKind{access.KindHuman, access.KindService, access.KindAgent} {
			if c.trueFor(both, p, slices.Sorted(maps.Keys(v.lengths))) {
				return false
			}
		}
	}
	return true
}

// trueFor reports whether all conditions are true of a person for one of some lengths.
func (c *Contract) trueFor(all []*condition, p access.Person, lengths []access.Duration) bool {
	for _, length := range append(lengths, access.Duration(time.Second)) {
		if length > c.terms.duration.max {
			continue
		}
		for _, glass := range []bool{false, true} {
			vars := variables(Input{Person: p, Request: access.RequestInput{BreakGlass: glass}}, map[string]any{}, length)
			if !slices.ContainsFunc(all, func(one *condition) bool { return one.eval("", vars).Result != Satisfied }) {
				return true
			}
		}
	}
	return false
}

// decidable reports whether a condition reads only what neverTrue tries every value of.
func decidable(e ast.Expr) bool {
	switch e.Kind() {
	case ast.LiteralKind:
		return true
	case ast.IdentKind:
		return e.AsIdent() == "duration" || e.AsIdent() == "breakGlass"
	case ast.SelectKind:
		s := e.AsSelect()
		return !s.IsTestOnly() && s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "person" && s.FieldName() == "kind"
	case ast.CallKind:
		return decidableCall(e.AsCall())
	}
	return false
}

// decidableCall is decidable of a call: lengths are compared with constants, and groups
// are asked for one by one.
func decidableCall(call ast.CallExpr) bool {
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Equals, operators.NotEquals,
		operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return !slices.ContainsFunc(args, func(a ast.Expr) bool { return !decidable(a) })
	case "duration":
		return len(args) == 1 && args[0].Kind() == ast.LiteralKind
	case operators.In:
		s := args[1]
		return args[0].Kind() == ast.LiteralKind && s.Kind() == ast.SelectKind && s.AsSelect().FieldName() == "groups" && !s.AsSelect().IsTestOnly() &&
			s.AsSelect().Operand().Kind() == ast.IdentKind && s.AsSelect().Operand().AsIdent() == "person"
	}
	return false
}

// unfillable returns stages that always apply, and that together need more people than
// the contract lists for them; nil if there are none.
func (s *stages) unfillable() (names []string, needed, there int) {
	var listed []*stage
	for i := range s.Stages {
		if st := &s.Stages[i]; st.when == nil && len(st.ways) == 1 && len(st.ways[0].From) == 0 && st.ways[0].ManagerOf == "" {
			listed = append(listed, st)
		}
	}
	for subset := 1; subset < 1<<len(listed); subset++ {
		people := map[string]bool{}
		names, needed = nil, 0
		for i, st := range listed {
			if subset>>i&1 == 0 {
				continue
			}
			names, needed = append(names, st.Name), needed+st.ways[0].Approvals.or(1)
			for _, p := range st.ways[0].People {
				people[access.FoldID(p)] = true
			}
		}
		if needed > len(people) && bits.OnesCount(uint(subset)) > 1 {
			return names, needed, len(people)
		}
	}
	return nil, 0, 0
}

// neverFindings are conditions that are never true, and stages that nobody can fill.
func (c *Contract) neverFindings(groups []string, add func(code, message, instead string, path ...any)) {
	t := &c.terms
	for i := range t.stages.Stages {
		st := &t.stages.Stages[i]
		if st.when != nil && c.neverTrue(st.when) {
			add("stage_never", fmt.Sprintf("stage %s never applies: its condition is true of nobody who may ask, for no length up to %s", st.Name, t.duration.max), "delete it, or its condition", "approval", "stages", i, "when")
		}
		if groups != nil && st.nobodyIn(groups) {
			add("stage_nobody", fmt.Sprintf("nobody can fill stage %s: nobody is in any of its groups, so that no request can be approved", st.Name), "name a group that has people", "approval", "stages", i)
		}
	}
	if names, needed, there := t.stages.unfillable(); names != nil {
		add("stage_nobody", fmt.Sprintf("nobody can fill stages %s together: they need %d people and list %d, and each counts once", inWords(names), needed, there), "list more people", "approval", "stages")
	}
	c.endFindings(add)
	for _, one := range []struct {
		cond *condition
		code string
		what string
		path []any
	}{
		{t.auto.condition, "auto_never", "approval.auto approves nothing", []any{"approval", "auto"}},
		{t.ticket.when, "ticket_never", "the condition on a ticket never asks for one", []any{"request", "ticket", "when"}},
		{t.breakGlass.who, "break_glass_nobody", "nobody who may ask may break the glass", []any{"breakGlass", "who"}},
	} {
		if one.cond != nil && c.neverTrue(one.cond) {
			add(one.code, one.what+": its condition is true of nobody who may ask", "delete it, or write when it is true", one.path...)
		}
	}
}

// nobodyIn reports whether the stage can be met by groups alone, none of which is known.
func (s *stage) nobodyIn(groups []string) bool {
	for _, w := range s.ways {
		if len(w.People) > 0 || w.ManagerOf != "" || slices.ContainsFunc(w.From, func(g string) bool { return slices.Contains(groups, g) }) {
			return false
		}
	}
	return len(s.ways) > 0
}

// inWords joins names.
func inWords(names []string) string {
	out := names[0]
	for i, n := range names[1:] {
		if i == len(names)-2 {
			out += " and " + n
			continue
		}
		out += ", " + n
	}
	return out
}
