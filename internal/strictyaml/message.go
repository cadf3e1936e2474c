package strictyaml

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// ErrorAt returns what is wrong with a file in words of YAML, not of Go, and the place
// of it, which is zero for an error that has none. A value of another kind than belongs
// there is named with its field, and with how to write it where that is sure.
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
		message = otherKind(e.GetToken(), kindOf(kind.DstType), kindOf(kind.SrcType))
	case errors.As(err, &node):
		message = otherKind(e.GetToken(), kindOfNode(node.Expected), kindOfNode(node.Actual))
	case errors.As(err, &large):
		message = fmt.Sprintf("the number %s is too large here", large.SrcNum)
	}
	return message, e.GetToken().Position.Line, e.GetToken().Position.Column
}

const (
	aList  = "a list like [a, b]"
	aText  = "a text"
	fields = "a set of fields like {name: value}"
)

// otherKind says that a value is of another kind than its field takes.
func otherKind(value *token.Token, belongs, written string) string {
	message := fmt.Sprintf("here belongs %s, and %s is written", belongs, written)
	field := fieldOf(value)
	if field == "" {
		return message
	}
	if belongs == aList && written == aText {
		message += fmt.Sprintf("; write %s: [%s]", field, strings.TrimSpace(value.Origin))
	}
	return field + ": " + message
}

// fieldOf returns the name of the field whose value begins with the token; empty if the
// value is an element of a list, or the token is not the beginning of a value.
func fieldOf(value *token.Token) string {
	colon := value.Prev
	if value.Type == token.MappingValueType || colon == nil || colon.Type != token.MappingValueType || colon.Prev == nil {
		return ""
	}
	return colon.Prev.Value
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
		return aList
	case reflect.Map, reflect.Struct:
		return fields
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return aText
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
