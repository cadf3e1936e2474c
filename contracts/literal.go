package contracts

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// requireLiteral reports every value that would be read as another than it shows. The
// YAML library reads 1.10 in the place of a text as 1.1, and nothing at all as if
// the field were not there; and a reviewer reads past characters that do not show,
// and takes one letter for another. name: the text is a name.
func (d *document) requireLiteral(n ast.Node, t reflect.Type, name bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if d.reportEmpty(n, n) {
		return
	}
	switch t.Kind() {
	case reflect.String:
		d.requireText(n, name)
	case reflect.Interface:
		d.requireVisible(n)
	case reflect.Slice:
		if seq, ok := n.(*ast.SequenceNode); ok {
			for _, v := range seq.Values {
				d.requireLiteral(v, t.Elem(), name)
			}
		}
	case reflect.Map:
		for _, f := range strictyaml.Fields(n) {
			d.requireVisible(f.Key)
			if t.Elem().Kind() == reflect.Interface {
				d.requireVisible(f.Value) // an entitlement may hold numbers and null
			} else if !d.reportEmpty(f.Value, f.Key) {
				d.requireLiteral(f.Value, t.Elem(), name)
			}
		}
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if v, place := child(n, key); v != nil && key != "" && !d.reportEmpty(v, place) && !d.reportUnitless(f, v, place) {
				d.requireLiteral(v, f.Type, slices.Contains(strings.Fields(f.Tag.Get("schema")), "name"))
			}
		}
	}
}

// reportEmpty reports, and returns, whether nothing is written for a field. What follows from
// that has the place of the field's name: it is not reported beside it.
func (d *document) reportEmpty(n, name ast.Node) bool {
	_, null := n.(*ast.NullNode)
	if null {
		d.issueAtNode(n, "empty", "nothing is written here; leave the field out or give it a value")
		d.empty = append(d.empty, *name.GetToken().Position)
	}
	return null
}

// reportUnitless reports, and returns, whether a length is written as a number alone: it wants
// a unit and no quotes. What follows is not reported beside it, as of what is empty.
func (d *document) reportUnitless(f reflect.StructField, n, name ast.Node) bool {
	if !slices.Contains(strings.Fields(f.Tag.Get("schema")), "duration") {
		return false
	}
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		d.issueAtNode(n, "duration_malformed", fmt.Sprintf("%s has no unit; write a length like 90s, 30m or 1h30m", access.Clip(n.GetToken().Value, 40)))
		d.empty = append(d.empty, *name.GetToken().Position)
		return true
	}
	return false
}

func (d *document) requireText(n ast.Node, name bool) {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		d.issueAtNode(n, "text_unquoted", fmt.Sprintf("write this text in quotes: %q", access.Clip(n.GetToken().Value, 40)))
		return
	}
	why := misleading(textOf(n))
	if name {
		why = misleadingName(textOf(n))
	}
	if why != "" {
		d.issueAtNode(n, "misleading", why)
	}
}

// requireVisible reports misleading texts and keys anywhere in an entitlement. A
// text of it is no name by itself: it may have blanks.
func (d *document) requireVisible(n ast.Node) {
	switch n := n.(type) {
	case *ast.SequenceNode:
		for _, v := range n.Values {
			d.requireVisible(v)
		}
		return
	case *ast.MappingNode, *ast.MappingValueNode:
		for _, f := range strictyaml.Fields(n) {
			d.requireVisible(f.Key)
			d.requireVisible(f.Value)
		}
		return
	}
	text := textOf(n)
	why := misleading(text)
	if why == "" {
		why = lookAlike(text)
	}
	if why != "" {
		d.issueAtNode(n, "misleading", why)
	}
}

// textOf returns the text of a scalar as it is read, escapes resolved.
func textOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	return ""
}
