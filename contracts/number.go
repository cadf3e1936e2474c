package contracts

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
)

// number is a whole number in a contract. The YAML library would make 1 of 1.7.
type number int

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (n *number) UnmarshalYAML(node ast.Node) error {
	if i, ok := node.(*ast.IntegerNode); ok {
		if v, fits := whole(i.Value); fits {
			*n = number(v)
			return nil
		}
	}
	return &yaml.SyntaxError{Message: fmt.Sprintf("write a whole number in digits, not %s", access.Clip(node.String(), 40)), Token: node.GetToken()}
}

// or returns the number, or the default if it is not written.
func (n *number) or(otherwise int) int {
	if n == nil {
		return otherwise
	}
	return int(*n)
}
