package contracts

import (
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// asked is one field that asks a source of facts.
type asked struct {
	source string
	path   []any
}

// sources returns the fields that ask a source of facts, of its base too, in the order of
// the language. A condition on choices asks none: it reads the choice and the person.
func (c *Contract) sources() (out []asked) {
	t := &c.terms
	if t.ticket.System != "" {
		out = append(out, asked{t.ticket.System, []any{"request", "ticket", "system"}})
	}
	onCall := func(asks bool, path ...any) {
		if asks {
			out = append(out, asked{access.OnCallSource, path})
		}
	}
	condition := func(of *condition, path ...any) { onCall(of != nil && len(of.reads.schedules) > 0, path...) }
	condition(t.who.condition, "request", "who")
	condition(t.ticket.when, "request", "ticket", "when")
	condition(t.auto.condition, "approval", "auto")
	o := c.Offer()
	for i := range t.stages.Stages {
		s := &t.stages.Stages[i]
		planned := access.Rule{Stages: o.Approval.Stages[i : i+1]}
		where := slices.ContainsFunc(s.ways, func(w *approvers) bool { return w.where != nil && len(w.where.reads.schedules) > 0 })
		condition(s.when, "approval", "stages", i, "when")
		onCall(where || len(planned.Schedules()) > 0, "approval", "stages", i)
	}
	for i, e := range t.escalate.Escalate {
		onCall(len(e.OnCall) > 0, "approval", "escalate", i, "oncall")
	}
	if o.ExtendApproval != nil {
		onCall(len(access.Rule{Stages: o.ExtendApproval.Stages}.Schedules()) > 0, "extend", "approvers", "oncall")
	}
	condition(t.breakGlass.who, "breakGlass", "who")
	for i := range t.endWhen.EndWhen {
		condition(t.endWhen.EndWhen[i].condition, "endWhen", i, "if")
	}
	return out
}

// MissingSources returns which sources of facts the contracts ask that are not configured:
// of what such a source would say nothing is known, so that nothing is allowed that
// depends on it. Each issue has the place of the field that wants the source.
func (s *Set) MissingSources(configured []string) (issues access.Issues) {
	there := "it has none"
	if len(configured) > 0 {
		there = "it has " + strings.Join(slices.Sorted(slices.Values(configured)), ", ")
	}
	for _, c := range s.Contracts {
		var named []string
		for _, a := range c.sources() {
			if slices.Contains(configured, a.source) || slices.Contains(named, a.source) {
				continue
			}
			named = append(named, a.source) // once for each contract
			issues.Add("source_missing", c.at(a.path...), "%s",
				fmt.Sprintf("contract %s asks the source %q, which server.facts lacks (%s): nothing that depends on it is ever allowed", c.Name, a.source, there))
		}
	}
	return issues
}

// MissingInventories returns which choices can never be known: those from a target of
// which known reports that no worker's key is configured, so that no list of it is
// believed. Where a pattern stands in, the choices are not missed. Each issue has the
// place of the choices.
func (s *Set) MissingInventories(known func(target string) bool) (issues access.Issues) {
	for _, c := range s.Contracts {
		for _, name := range c.choiceParams() {
			from := c.terms.params.Params[name].Choices
			if from.IfUnknown == ifUnknownPattern || known(from.From) {
				continue
			}
			issues.Add("inventory_missing", c.at("request", "params", name, "choices", "from"), "%s",
				fmt.Sprintf("contract %s takes %q from the %s, and keys.workers has no key of that target's workers: no list of theirs is believed, and nothing can be chosen", c.Name, name, from.name()))
		}
	}
	return issues
}

// MissingLists returns the choices from lists that their target does not have. lists returns
// the names of those that a target has, and false where that is not known.
func (s *Set) MissingLists(lists func(target string) ([]string, bool)) (issues access.Issues) {
	s.eachChoice(func(c *Contract, param string, from *choices) {
		has, known := lists(from.From)
		if !known || slices.Contains(has, from.List) {
			return
		}
		issues.Add("list_missing", c.at("request", "params", param, "choices", "list"), "%s",
			fmt.Sprintf("contract %s takes %q from the list %q, and %s has none of that name (it has %s): nothing can ever be chosen%s", c.Name, param, from.List, from.From, orNone(has), didYouMean(from.List, has)))
	})
	return issues
}

// ListFindings returns the choices from lists of a name that no target has; lists are the
// names that there are. It needs no configuration, so that lint finds a misspelt name where
// contracts are written. Targets of the kinds own, by their names (KIND/NAME), have lists of
// their own, of which only the configuration tells.
func (s *Set) ListFindings(lists []string, own ...string) (out []Finding) {
	s.eachChoice(func(c *Contract, param string, from *choices) {
		kind, _, _ := strings.Cut(from.From, "/")
		if !slices.Contains(lists, from.List) && !slices.Contains(own, kind) {
			out = append(out, Finding{Code: "list_unknown", Contract: c.Name, Place: c.at("request", "params", param, "choices", "list"),
				Message: fmt.Sprintf("no kind of target has a list %q, so that nothing could be chosen", from.List),
				Instead: fmt.Sprintf("name one of those that there are: %s%s", orNone(lists), didYouMean(from.List, lists))})
		}
	})
	return out
}

// eachChoice visits the params whose values come from an inventory.
func (s *Set) eachChoice(visit func(c *Contract, param string, from *choices)) {
	for _, c := range s.Contracts {
		for _, name := range c.choiceParams() {
			p := c.terms.params.Params[name]
			visit(c, name, &p.Choices)
		}
	}
}

func didYouMean(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// UnservedTargets returns the grants on targets that no worker serves, as served reports it:
// whoever asks for one would learn that only from the request, since a name is checked
// nowhere else. names are those that are known, for a suggestion. They are findings and no
// mistakes: a worker may serve a target of which the configuration says nothing. Choices of
// a target without a worker are missing inventories.
func (s *Set) UnservedTargets(served func(target string) bool, names []string) (out []Finding) {
	for _, c := range s.Contracts {
		for i, g := range c.terms.grants.Grants {
			if served(g.Target) {
				continue
			}
			instead := "name a target that a worker serves, or list the key of that worker in keys.workers"
			if near := Nearest(g.Target, names); near != "" {
				instead = fmt.Sprintf("did you mean %q?", near)
			}
			out = append(out, Finding{Code: "target_unserved", Contract: c.Name, Place: c.at("grants", i, "target"), Instead: instead,
				Message: fmt.Sprintf("it grants access on %q, which no worker that the configuration tells of serves (they serve %s): unless another worker does, every request for it fails", g.Target, orNone(names))})
		}
	}
	return out
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}
