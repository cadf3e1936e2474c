package contracts

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
)

// at is the place of a field, as file:line:column; of its nearest parent when
// the field is not written.
func (d *document) at(path ...any) string {
	node := d.body
	line, col := node.GetToken().Position.Line, 1
	for _, step := range path {
		next, key := child(node, step)
		if next == nil {
			break
		}
		node = next
		if pos := key.GetToken().Position; pos != nil {
			line, col = pos.Line, pos.Column
		}
	}
	return fmt.Sprintf("%s:%d:%d", d.file, line, col)
}

// child finds one step of a path and the node that names its place.
func child(n ast.Node, step any) (value, place ast.Node) {
	switch step := step.(type) {
	case string:
		for _, v := range fields(n) {
			if v.Key.GetToken().Value == step {
				return v.Value, v.Key
			}
		}
	case int:
		if seq, ok := n.(*ast.SequenceNode); ok && step < len(seq.Values) {
			return seq.Values[step], seq.Values[step]
		}
	}
	return nil, nil
}

func fields(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func (d *document) issue(code, message string, path ...any) {
	d.issues = append(d.issues, access.Issue{Code: code, Field: d.at(path...), Message: message})
}

// unknownFields walks what is written beside the type it is read into, and
// reports every field the language does not have: one that is ignored is a
// rule that somebody believes in and nobody keeps.
func (d *document) unknownFields(n ast.Node, into any, path string) {
	t := reflect.TypeOf(into)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		known := map[string]reflect.Type{}
		for i := range t.NumField() {
			known[t.Field(i).Tag.Get("yaml")] = t.Field(i).Type
		}
		for _, v := range fields(n) {
			name := v.Key.GetToken().Value
			full := strings.TrimPrefix(path+"."+name, ".")
			ft, ok := known[name]
			if !ok {
				d.unknown(v, name, full, known)
				continue
			}
			d.unknownFields(v.Value, reflect.New(ft).Interface(), full)
		}
	case reflect.Slice:
		if seq, ok := n.(*ast.SequenceNode); ok && t.Elem().Kind() == reflect.Struct {
			for _, v := range seq.Values {
				d.unknownFields(v, reflect.New(t.Elem()).Interface(), path)
			}
		}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Struct {
			for _, v := range fields(n) {
				d.unknownFields(v.Value, reflect.New(t.Elem()).Interface(), path)
			}
		}
	}
}

func (d *document) unknown(v *ast.MappingValueNode, name, full string, known map[string]reflect.Type) {
	pos := v.Key.GetToken().Position
	is := access.Issue{Code: "unknown_field", Field: fmt.Sprintf("%s:%d:%d", d.file, pos.Line, pos.Column),
		Message: fmt.Sprintf("unknown field %q", name)}
	if planned[full] {
		is.Code, is.Message = "not_supported", fmt.Sprintf("field %q is not supported yet; without it the contract says what will happen", name)
	} else if near := nearest(name, known); near != "" {
		is.Message += fmt.Sprintf("; did you mean %q?", near)
	}
	d.issues = append(d.issues, is)
}
