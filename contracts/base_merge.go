package contracts

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"ramp.dev/ramp/internal/strictyaml"
)

func fields(n ast.Node) []*ast.MappingValueNode { return strictyaml.Fields(n) }

// inherit adds to a contract what its base says. The contract's own values were held
// against the base's before. The places of what comes from the base stay those of the base.
func (d *document) inherit(b *Base) {
	d.own, d.inherited = d.body, map[ast.Node]*document{}
	d.contract = &Contract{}
	d.contract.terms.base.of = b
	theirs := b.document.body
	if len(b.document.issues) > 0 {
		theirs = settable(theirs, nil)
	}
	d.body = d.merged(d.body, theirs, nil, b.document)
}

// settable returns what a base may set of what is written in one that is wrong.
func settable(n ast.Node, path []any) ast.Node {
	if len(fields(n)) == 0 {
		return n
	}
	var kept []*ast.MappingValueNode
	for _, f := range fields(n) {
		at := append(slices.Clone(path), any(f.Key.GetToken().Value))
		_, leaf := baseRuleOf(at)
		switch {
		case leaf:
			kept = append(kept, f)
		case holdsBaseRule(at):
			kept = append(kept, ast.MappingValue(f.Start, f.Key, settable(f.Value, at)))
		}
	}
	return ast.Mapping(n.GetToken(), false, kept...)
}

// merged returns a mapping with the fields of own, and with those of theirs that a base
// may set and own lacks.
func (d *document) merged(own, theirs ast.Node, path []any, from *document) ast.Node {
	values := slices.Clone(fields(own))
	for _, f := range fields(theirs) {
		name := f.Key.GetToken().Value
		at := append(slices.Clone(path), any(name))
		if len(path) == 0 && slices.Contains([]string{"apiVersion", "kind", "metadata", "description"}, name) {
			continue
		}
		i := slices.IndexFunc(values, func(v *ast.MappingValueNode) bool { return v.Key.GetToken().Value == name })
		rule, leaf := baseRuleOf(at)
		switch {
		case i < 0:
			values = append(values, f)
			d.inherited[f.Value] = from
			d.note(f.Value, at, from)
		case !leaf:
			values[i] = ast.MappingValue(values[i].Start, values[i].Key, d.merged(values[i].Value, f.Value, at, from))
		case rule.how == both && from.hasIssueOn(at...): // the contract's own is judged by itself
		case rule.how == both:
			text := fmt.Sprintf("(%s\n) && (%s\n)", textOf(f.Value), textOf(values[i].Value))
			values[i] = ast.MappingValue(values[i].Start, values[i].Key, textNode(text))
			d.noteOne(join(at)+", beside the contract's own", at, from)
		case rule.how == added:
			values[i] = ast.MappingValue(values[i].Start, values[i].Key, d.addedTo(values[i].Value, f.Value, from))
			d.noteOne(join(at)+", before the contract's own", at, from)
		}
	}
	return ast.Mapping(own.GetToken(), false, values...)
}

// addedTo returns a list with the values of the base before those of the contract.
func (d *document) addedTo(own, theirs ast.Node, from *document) ast.Node {
	a, ok := own.(*ast.SequenceNode)
	b, alike := theirs.(*ast.SequenceNode)
	if !ok || !alike {
		return own // one that is no list was reported where it was decoded
	}
	out := ast.Sequence(a.Start, false)
	for _, v := range b.Values {
		d.inherited[v] = from
	}
	out.Values = slices.Concat(b.Values, a.Values)
	return out
}

// note writes down that a value came from the base, each value of a mapping by itself.
func (d *document) note(n ast.Node, at []any, from *document) {
	if rule, leaf := baseRuleOf(at); leaf {
		what := join(at)
		if rule.how != alone && rule.how != added {
			what += ": " + scalarText(n)
		}
		d.noteOne(what, at, from)
		return
	}
	for _, f := range fields(n) {
		d.note(f.Value, append(slices.Clone(at), any(f.Key.GetToken().Value)), from)
	}
}

func (d *document) noteOne(what string, at []any, from *document) {
	b := &d.contract.terms.base
	b.inherited = append(b.inherited, what+", written in "+from.at(at...))
}

// textNode returns a text as if it were written in quotes.
func textNode(text string) ast.Node {
	quoted, _ := json.Marshal(text) // a text can be written
	return ast.String(token.DoubleQuote(text, string(quoted), &token.Position{Line: 1, Column: 1}))
}

// textWithBase is the contract as it was written, and its base after it: read again, the
// two give the same contract.
func textWithBase(own ast.Node, b *Base) string { return own.String() + "\n---\n" + b.Text }
