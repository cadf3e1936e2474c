package contracts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
)

// narrowing is what a contract may do to a value of its base, and how the two come
// together.
type narrowing int

const (
	both    narrowing = iota // a condition: both must be satisfied
	added                    // a list: the base's and the contract's
	alone                    // only one of the two may write it
	equal                    // a text: the contract may repeat it
	onlyOn                   // true or false: on stays on
	atMost                   // a number
	atLeast                  // a number
	shorter                  // a length of time, which a contract may make less
	longer                   // a length of time, which a contract may make more
)

// baseRule is one value that a base may set. usual is what holds where neither writes
// it: a base may not be laxer than that, or naming a base could make opening easier.
type baseRule struct {
	path  string
	how   narrowing
	usual string
}

// baseRules are all that a base may set. What opens access without people (auto, break
// glass), lets others decide, or says what is opened is the contract's own.
func baseRules() []baseRule {
	return []baseRule{
		{"request.who", both, ""},
		{"request.reason.minLength", atLeast, fmt.Sprint(defaultMinReason)},
		{"request.reason.maxLength", atMost, fmt.Sprint(defaultMaxReason)},
		{"request.ticket.required", onlyOn, ""},
		{"request.ticket.pattern", equal, ""},
		{"request.ticket.system", equal, ""},
		{"request.ticket.open", onlyOn, ""},
		{"request.ticket.assignedToRequester", onlyOn, ""},
		{"request.ticket.project", equal, ""},
		{"request.ticket.type", equal, ""},
		{"request.ticket.severity", equal, ""},
		{"duration.default", shorter, ""},
		{"duration.max", shorter, ""},
		{"duration.justifyOver", shorter, ""},
		{"duration.justifyMinLength", atLeast, fmt.Sprint(defaultJustify)},
		{"approval.pendingFor", shorter, defaultPending},
		{"approval.stages", added, ""},
		{"approval.commentMinLength", atLeast, ""},
		{"approval.confirm", added, ""},
		{"approval.passkey", onlyOn, ""},
		{"during", alone, ""},
		{"engagement", alone, ""},
		{"limits.open", atMost, ""},
		{"limits.openInAll", atMost, ""},
		{"limits.cooldown", longer, ""},
		{"limits.quota.within", equal, ""},
		{"limits.quota.times", atMost, ""},
		{"limits.quota.total", shorter, ""},
		{"stepUp.request", shorter, ""},
		{"stepUp.approve", shorter, ""},
		{"endWhen", added, ""},
		{"notify", added, ""},
	}
}

// baseRuleOf returns the rule for a place in a document, and whether a base may set it.
func baseRuleOf(path []any) (baseRule, bool) {
	name := join(path)
	for _, r := range baseRules() {
		if name == r.path || strings.HasPrefix(name, r.path+".") && (r.how == alone || r.how == added) {
			return r, true
		}
	}
	return baseRule{}, false
}

// holdsBaseRule reports whether a place holds, somewhere below it, what a base may set.
func holdsBaseRule(path []any) bool {
	below := join(path) + "."
	return slices.ContainsFunc(baseRules(), func(r baseRule) bool { return strings.HasPrefix(r.path, below) })
}

// steps returns where the rule's value is written.
func (r baseRule) steps() (out []any) {
	for _, s := range strings.Split(r.path, ".") {
		out = append(out, s)
	}
	return out
}

// laxer reports whether one value, as it is written, is laxer than another. One that
// cannot be read, such as an empty text, is laxer: it limits nothing.
func (r baseRule) laxer(value, than string) bool {
	switch r.how {
	case onlyOn:
		return value == "false" && than == "true"
	case equal:
		return value != than
	case alone:
		return true
	case shorter, longer:
		a, errA := access.ParseDuration("", value)
		b, errB := access.ParseDuration("", than)
		return errA != nil || errB == nil && (r.how == shorter && a > b || r.how == longer && a < b)
	case atMost, atLeast:
		var a, b int
		_, errA := fmt.Sscan(value, &a)
		_, errB := fmt.Sscan(than, &b)
		return errA != nil || errB == nil && (r.how == atMost && a > b || r.how == atLeast && a < b)
	}
	return false
}

// inWords says what a contract may write.
func (r baseRule) inWords() string {
	return map[narrowing]string{alone: "it stands in the base alone", equal: "it stays as the base has it", onlyOn: "it stays true",
		atMost: "it is that or less", atLeast: "it is that or more", shorter: "it is that or shorter", longer: "it is that or longer"}[r.how]
}

// scalarText returns a scalar as the rules compare it.
func scalarText(n ast.Node) string {
	switch n := n.(type) {
	case nil:
		return ""
	case *ast.IntegerNode:
		return fmt.Sprint(n.Value)
	case *ast.BoolNode:
		return fmt.Sprint(n.Value)
	}
	return textOf(n)
}

// requireStrict reports a value of a base that is laxer than what holds without it.
func (d *document) requireStrict(r baseRule) {
	n := d.node(r.steps()...)
	if r.usual == "" || n == nil || !r.laxer(scalarText(n), r.usual) {
		return
	}
	d.issue("base_laxer_than_usual", fmt.Sprintf("%s of a base cannot be laxer than %s, which holds where nothing is written: a contract that names the base would open more than before", r.path, r.usual), r.steps()...)
}

// narrows reports what a contract writes that is laxer than its base, with both places.
func (d *document) narrows(b *Base) {
	laxer := func(what, may string, basePath []any, path ...any) {
		d.issue("base_laxer", fmt.Sprintf("%s is laxer than the base %s has it at %s: %s", what, b.Name, b.document.at(basePath...), may), path...)
	}
	for _, r := range baseRules() {
		own, theirs := d.node(r.steps()...), b.document.node(r.steps()...)
		if own != nil && theirs != nil && r.how != both && r.how != added && r.laxer(scalarText(own), scalarText(theirs)) {
			laxer(r.path, r.inWords(), r.steps(), r.steps()...)
		}
	}
	t, theirs := &d.contract.terms, &b.document.contract.terms
	if b.document.written("request", "reason") && t.reason.Optional {
		laxer("request.reason.optional", "a reason must be given", []any{"request", "reason"}, "request", "reason", "optional")
	}
	if most := b.document.node("duration", "max"); most != nil && d.written("extend", "upTo") {
		if (baseRule{how: shorter}).laxer(t.extend.UpTo, textOf(most)) {
			laxer("extend.upTo", "access, with its extensions, lasts that or shorter", []any{"duration", "max"}, "extend", "upTo")
		}
	}
	if len(theirs.stages.Stages) == 0 {
		d.passesByWords(b, laxer)
		return
	}
	for _, past := range []struct {
		written bool
		path    []any
	}{
		{t.auto.Auto != "", []any{"approval", "auto"}},
		{d.written("breakGlass"), []any{"breakGlass"}},
		{t.selfApproval.SelfApproval, []any{"approval", "selfApproval"}},
		{t.denials.DenyThreshold.or(1) > 1, []any{"approval", "denyThreshold"}},
		{len(t.escalate.Escalate) > 0, []any{"approval", "escalate"}},
	} {
		if past.written {
			laxer(join(past.path), "the people of its stages decide, nobody passes them by", []any{"approval", "stages"}, past.path...)
		}
	}
	// A stage may apply from a length on: an extension leads there too.
	if d.written("extend") && t.extend.Approval != approvalSame {
		laxer("extend", "the people of its stages decide each extension, by its whole length: write approval: same", []any{"approval", "stages"}, "extend")
	}
}

// passesByWords reports what opens access without an approval where the base says with
// what each approval is made: a passkey, statements to confirm.
func (d *document) passesByWords(b *Base, laxer func(what, may string, basePath []any, path ...any)) {
	t, theirs := &d.contract.terms, &b.document.contract.terms
	for _, how := range []struct {
		written bool
		field   string
	}{
		{theirs.passkey.Passkey, "passkey"},
		{len(theirs.comments.Confirm) > 0, "confirm"},
	} {
		if !how.written {
			continue
		}
		if t.auto.Auto != "" {
			laxer("approval.auto", "people approve as the base says, nothing opens without them", []any{"approval", how.field}, "approval", "auto")
		}
		if d.written("breakGlass") {
			laxer("breakGlass", "people approve as the base says, nothing opens without them", []any{"approval", how.field}, "breakGlass")
		}
	}
}

// leaves returns the place of every value of a document, lists as a whole, and whole
// sections that a base sets as a whole.
func (d *document) leaves() (out [][]any) {
	var walk func(n ast.Node, path []any)
	walk = func(n ast.Node, path []any) {
		_, isMapping := n.(*ast.MappingNode)
		_, isPair := n.(*ast.MappingValueNode)
		if rule, known := baseRuleOf(path); !isMapping && !isPair || known && rule.how == alone {
			out = append(out, path)
			return
		}
		for _, f := range fields(n) {
			walk(f.Value, append(slices.Clone(path), any(f.Key.GetToken().Value)))
		}
	}
	walk(d.body, nil)
	return out
}

// join writes a path as it is in the documentation.
func join(path []any) string {
	var out []string
	for _, step := range path {
		if name, ok := step.(string); ok {
			out = append(out, name)
		}
	}
	return strings.Join(out, ".")
}
