package contracts

import (
	"fmt"
	"maps"
	"time"

	"github.com/google/cel-go/common/ast"

	"ramp.dev/ramp/access"
)

// historyVariable is the history as conditions read it: a list, newest first.
func historyVariable(h access.History, params map[string]any) []map[string]any {
	out := make([]map[string]any, len(h.Uses))
	for i, u := range h.Uses {
		out[i] = map[string]any{
			"at": u.At, "state": string(u.State), "outcome": string(u.Outcome), "automatic": u.Automatic, "opened": u.Opened,
			"length": time.Duration(u.Length), "same": sameParams(u.Params, params),
		}
		if u.EndedAt != nil {
			out[i]["ended"] = *u.EndedAt
		}
	}
	return out
}

// sameParams reports whether the same was asked for. Numbers that were kept as JSON
// have another type by now.
func sameParams(a, b map[string]any) bool {
	return maps.EqualFunc(a, b, func(x, y any) bool { return fmt.Sprint(x) == fmt.Sprint(y) })
}

// ReadsHistory reports whether an evaluation needs to know what was before.
func (c *Contract) ReadsHistory() bool {
	for _, cond := range c.terms.conditions() {
		if cond.readsHistory {
			return true
		}
	}
	for _, w := range c.terms.wheres() {
		if readsVariable(w.tree, "history") {
			return true
		}
	}
	return c.terms.limits.set()
}

// LimitsAll reports whether the contract limits what everybody has open together.
func (c *Contract) LimitsAll() bool { return c.terms.limits.OpenInAll != nil }

// readsVariable reports whether an expression reads a variable.
func readsVariable(e ast.Expr, name string) (found bool) {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		found = found || e.Kind() == ast.IdentKind && e.AsIdent() == name
	}))
	return found
}

// conditions returns every condition, but those on approvers.
func (t *terms) conditions() (out []*condition) {
	all := []*condition{t.who.condition, t.ticket.when, t.auto.condition, t.breakGlass.who}
	for i := range t.stages.Stages {
		all = append(all, t.stages.Stages[i].when)
	}
	for i := range t.endWhen.EndWhen {
		all = append(all, t.endWhen.EndWhen[i].condition)
	}
	for _, c := range all {
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}
