package strictyaml

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// ErrorAt returns what is wrong with a file in words of YAML, not of Go, and the place
// of it, which is zero for an error that has none.
func ErrorAt(err error) (message string, line, column int) {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		return err.Error(), 0, 0
	}
	message = e.GetMessage()
	var kind *yaml.TypeError
	var node *yaml.UnexpectedNodeTypeError
	var large *yaml.OverflowError
	switch {
	case errors.As(err, &kind):
		message = fmt.Sprintf("here belongs %s, and %s is written", kindOf(kind.DstType), kindOf(kind.SrcType))
	case errors.As(err, &node):
		message = fmt.Sprintf("here belongs %s, and %s is written", kindOfNode(node.Expected), kindOfNode(node.Actual))
	case errors.As(err, &large):
		message = fmt.Sprintf("the number %s is too large here", large.SrcNum)
	}
	return message, e.GetToken().Position.Line, e.GetToken().Position.Column
}

// kindOf returns what is written in a file for a value of the type.
func kindOf(t reflect.Type) string {
	if t == nil {
		return "nothing"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Slice, reflect.Array:
		return "a list like [a, b]"
	case reflect.Map, reflect.Struct:
		return "a set of fields like {name: value}"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	}
	return "a number"
}

func kindOfNode(n ast.NodeType) string {
	switch n {
	case ast.MappingType, ast.MappingValueType:
		return kindOf(reflect.TypeFor[struct{}]())
	case ast.SequenceType:
		return kindOf(reflect.TypeFor[[]any]())
	case ast.BoolType:
		return kindOf(reflect.TypeFor[bool]())
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return kindOf(reflect.TypeFor[int]())
	case ast.NullType:
		return kindOf(nil)
	}
	return kindOf(reflect.TypeFor[string]())
}
