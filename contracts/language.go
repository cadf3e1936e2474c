package contracts

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/internal/strictyaml"
)

// language is the type of a whole contract as it may be written, put together
// from the features' structs. Unknown fields, the JSON Schema and the tests of
// the documentation are derived from it.
func language() reflect.Type {
	var root mapping
	for _, f := range new(terms).list() {
		root.at(steps(f)).take(reflect.TypeOf(f).Elem())
	}
	return root.structType()
}

// mapping is one mapping of the language, whose fields may be several features'.
type mapping struct {
	name     string
	fields   []reflect.StructField
	children []*mapping
}

// at returns the mapping below a path, and makes what is missing.
func (m *mapping) at(path []string) *mapping {
	if len(path) == 0 {
		return m
	}
	for _, c := range m.children {
		if c.name == path[0] {
			return c.at(path[1:])
		}
	}
	c := &mapping{name: path[0]}
	m.children = append(m.children, c)
	return c.at(path[1:])
}

// take adds the fields of a feature.
func (m *mapping) take(feature reflect.Type) {
	for i := range feature.NumField() {
		if f := feature.Field(i); f.IsExported() {
			m.fields = append(m.fields, f)
		}
	}
}

func (m *mapping) structType() reflect.Type {
	fields := m.fields
	for _, c := range m.children {
		fields = append(fields, reflect.StructField{Name: strings.ToUpper(c.name[:1]) + c.name[1:], Type: c.structType(),
			Tag: reflect.StructTag(fmt.Sprintf("yaml:%q", c.name))})
	}
	return reflect.StructOf(fields)
}

// steps returns the path of the feature's section.
func steps(f feature) []string {
	if f.section() == "" {
		return nil
	}
	return strings.Split(f.section(), ".")
}

// decode reads what was written into the features. It decodes loosely, since
// unknown fields are reported apart, all of them and not only the first.
func (d *document) decode() {
	for _, f := range d.contract.terms.list() {
		var path []any
		for _, s := range steps(f) {
			path = append(path, s)
		}
		node := d.node(path...)
		if node == nil {
			continue
		}
		if err := yaml.NodeToValue(node, f); err != nil {
			message, line, column := strictyaml.ErrorAt(err)
			if d.own == nil { // what comes from a base was reported there, and what is its own before
				d.issueAt(line, column, "yaml", message)
			}
			d.undecoded = append(d.undecoded, f)
		}
	}
}

// reportUnknownFields adds an issue for every field that no feature has.
func (d *document) reportUnknownFields(language reflect.Type) {
	d.unknown = strictyaml.UnknownFields(d.body, reflect.Zero(language).Interface())
	for _, u := range d.unknown {
		message := fmt.Sprintf("unknown field %q", u.Name)
		if u.Suggestion != "" {
			message += fmt.Sprintf("; did you mean %q?", u.Suggestion)
		}
		d.issueAt(u.Line, u.Column, "unknown_field", message)
	}
}
