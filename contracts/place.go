package contracts

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
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
		for _, v := range strictyaml.Fields(n) {
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

// written says whether a field is in the file, be it empty.
func (d *document) written(path ...any) bool {
	node := d.body
	for _, step := range path {
		if node, _ = child(node, step); node == nil {
			return false
		}
	}
	return true
}

func (d *document) issue(code, message string, path ...any) {
	d.issues = append(d.issues, access.Issue{Code: code, Field: d.at(path...), Message: message})
}

// unknownFields reports every field that the language does not have.
func (d *document) unknownFields(into any) {
	for _, u := range strictyaml.UnknownFields(d.body, into) {
		is := access.Issue{Code: "unknown_field", Field: fmt.Sprintf("%s:%d:%d", d.file, u.Line, u.Column),
			Message: fmt.Sprintf("unknown field %q", u.Name)}
		if planned[u.Path] {
			is.Code, is.Message = "not_supported", fmt.Sprintf("field %q is not supported yet; without it the contract says what will happen", u.Name)
		} else if u.Suggestion != "" {
			is.Message += fmt.Sprintf("; did you mean %q?", u.Suggestion)
		}
		d.issues = append(d.issues, is)
	}
}
