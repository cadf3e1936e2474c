package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// Has reports whether a field is written, with or without anything in it.
func (c Config) Has(path ...string) bool {
	node := c.body
	for _, name := range path {
		fields := strictyaml.Fields(node)
		i := slices.IndexFunc(fields, func(v *ast.MappingValueNode) bool { return v.Key.GetToken().Value == name })
		if i < 0 {
			return false
		}
		node = fields[i].Value
	}
	return node != nil
}

// Place returns where in the file a field is, as FILE:LINE:COLUMN, or its
// nearest parent where the field is not written.
func (c Config) Place(field string) string {
	node, line, column := c.body, 1, 1
	for rest := field; rest != ""; {
		// The longest name that fits, since a target's name may have dots in it.
		var step *ast.MappingValueNode
		for _, v := range strictyaml.Fields(node) {
			if name := v.Key.GetToken().Value; begins(rest, name) && (step == nil || len(name) > len(step.Key.GetToken().Value)) {
				step = v
			}
		}
		if step == nil {
			break
		}
		token := step.Key.GetToken()
		node, line, column = step.Value, token.Position.Line, token.Position.Column
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, token.Value), ".")
	}
	return fmt.Sprintf("%s:%d:%d", c.path, line, column)
}

// begins reports whether a path begins with the field of that name, or with an
// element of it.
func begins(path, name string) bool {
	rest, ok := strings.CutPrefix(path, name)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// placed puts the place of each issue's field before the field.
func (c Config) placed(issues access.Issues) access.Issues {
	for i, is := range issues {
		issues[i].Field = c.Place(is.Field) + ": " + is.Field
	}
	return issues
}
