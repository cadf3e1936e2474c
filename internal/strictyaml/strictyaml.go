// Package strictyaml finds every field of a YAML document that the Go type it is
// read into does not have, with its place and the name that was probably meant.
// A configuration or contract must not have one: it would be a rule that somebody
// believes in and that has no effect.
package strictyaml

import (
	"maps"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// UnknownField is a field that is written and that the type does not have.
type UnknownField struct {
	Path         string // from the document's top: request.ticket.systen
	Name         string
	Suggestion   string // the known name that is closest; empty if none is close
	Line, Column int
}

// Discriminated is a type whose fields depend on what is written beside them, such
// as a kind. It returns the structs whose fields may be written together; none
// accepts everything, for a kind that is itself unknown.
type Discriminated interface {
	FieldsFor(scalar func(field string) string) []any
}

// UnknownFields returns every field below n that the type of into does not have,
// in the order of the file.
func UnknownFields(n ast.Node, into any) []UnknownField {
	var w walk
	w.into(n, reflect.TypeOf(into), "")
	return w.found
}

type walk struct{ found []UnknownField }

func (w *walk) into(n ast.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		v, ok := reflect.New(t).Interface().(Discriminated)
		if !ok {
			w.fields(n, path, t)
			return
		}
		var types []reflect.Type
		for _, into := range v.FieldsFor(func(field string) string { return scalar(n, field) }) {
			types = append(types, reflect.TypeOf(into))
		}
		if len(types) > 0 {
			w.fields(n, path, types...)
		}
	case reflect.Slice:
		if seq, ok := n.(*ast.SequenceNode); ok && t.Elem().Kind() == reflect.Struct {
			for _, v := range seq.Values {
				w.into(v, t.Elem(), path)
			}
		}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Struct {
			for _, v := range Fields(n) {
				w.into(v.Value, t.Elem(), join(path, v.Key.GetToken().Value))
			}
		}
	}
}

func (w *walk) fields(n ast.Node, path string, types ...reflect.Type) {
	known := map[string]reflect.Type{}
	for _, t := range types {
		addFields(known, t)
	}
	for _, v := range Fields(n) {
		token := v.Key.GetToken()
		if ft, ok := known[token.Value]; ok {
			w.into(v.Value, ft, join(path, token.Value))
			continue
		}
		w.found = append(w.found, UnknownField{Path: join(path, token.Value), Name: token.Value, Suggestion: Nearest(token.Value, maps.Keys(known)),
			Line: token.Position.Line, Column: token.Position.Column})
	}
}

// addFields adds the fields that a struct is read from; those of a struct in it that
// is inline are its own.
func addFields(known map[string]reflect.Type, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name != "":
			known[name] = f.Type
		case options == "inline" && f.Type.Kind() == reflect.Struct:
			addFields(known, f.Type)
		}
	}
}

// Fields returns the fields of a mapping; nil for anything else.
func Fields(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// scalar returns the text of a field of a mapping; empty if it has none.
func scalar(n ast.Node, field string) string {
	for _, v := range Fields(n) {
		if v.Key.GetToken().Value == field && v.Value.GetToken() != nil {
			return v.Value.GetToken().Value
		}
	}
	return ""
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }
