package contracts

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/cel-go/common/ast"
)

// groupFindings are groups in which nobody is: of those that decide or review, and those that
// conditions ask for.
func (c *Contract) groupFindings(groups []string, add func(code, message, instead string, path ...any)) {
	said := map[string]bool{}
	say := func(g, format string, path ...any) {
		if !said[g] && !slices.Contains(groups, g) {
			said[g] = true
			add("group_unknown", fmt.Sprintf(format, g), suggestion(g, groups), path...)
		}
	}
	for _, g := range c.deciders() {
		say(g, "nobody is in the group %q", "approval")
	}
	asks := func(cond *condition, path ...any) {
		if cond == nil {
			return
		}
		v := newVocabulary()
		ast.PostOrderVisit(cond.tree.Expr(), ast.NewExprVisitor(v.visit))
		for _, g := range slices.Sorted(maps.Keys(v.groups)) {
			say(g, "nobody is in the group %q, for which this condition asks", path...)
		}
	}
	t := &c.terms
	asks(t.who.condition, "request", "who")
	asks(t.ticket.when, "request", "ticket", "when")
	asks(t.auto.condition, "approval", "auto")
	for i := range t.stages.Stages {
		asks(t.stages.Stages[i].when, "approval", "stages", i, "when")
	}
	asks(t.breakGlass.who, "breakGlass", "who")
}

func suggestion(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "add somebody to it, or name another group"
}

// deciders returns every group that decides or reviews, each once.
func (c *Contract) deciders() (out []string) {
	for i := range c.terms.stages.Stages {
		for _, w := range c.terms.stages.Stages[i].ways {
			out = append(out, w.From...)
		}
	}
	for _, e := range c.terms.escalate.Escalate {
		out = append(out, e.To...)
	}
	out = append(out, c.terms.breakGlass.Reviewers...)
	out = append(out, c.terms.extend.Approvers.From...)
	slices.Sort(out)
	return slices.Compact(out)
}
