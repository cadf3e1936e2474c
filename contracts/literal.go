package contracts

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// requireLiteral reports what the YAML library would read as something else than
// is written: 1.10 in the place of a text as 1.1, and nothing at all as if the
// field were not there.
func (d *document) requireLiteral(n ast.Node, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	at := n.GetToken().Position
	if _, null := n.(*ast.NullNode); null {
		d.issueAt(at.Line, at.Column, "empty", "nothing is written here; leave the field out or give it a value")
		return
	}
	switch t.Kind() {
	case reflect.String:
		switch n.(type) {
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
			d.issueAt(at.Line, at.Column, "text_unquoted", fmt.Sprintf("write this text in quotes: %q", access.Clip(n.GetToken().Value, 40)))
		}
	case reflect.Slice:
		if seq, ok := n.(*ast.SequenceNode); ok {
			for _, v := range seq.Values {
				d.requireLiteral(v, t.Elem())
			}
		}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return // an entitlement may hold numbers and null
		}
		for _, f := range strictyaml.Fields(n) {
			d.requireLiteral(f.Value, t.Elem())
		}
	case reflect.Struct:
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			if v, _ := child(n, name); v != nil && name != "" {
				d.requireLiteral(v, t.Field(i).Type)
			}
		}
	}
}
