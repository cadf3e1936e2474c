// Package strictjson reads JSON in the one way in which every reader reads it, and
// refuses what two readers could read differently: a name twice, a name in other
// letters than the field's, text that is no Unicode, and anything behind the value.
// encoding/json takes all of these silently, and of two values takes the last. A
// statement that Ramp reads as one thing, and the next tool as another, proves
// nothing (docs/threats.md, case 64).
//
// Typical usage:
//
//	var plan access.Plan
//	err := strictjson.Unmarshal(payload, &plan)  // no field that Plan does not have
//	err = strictjson.UnmarshalOpen(input, &plan) // fields of a later version are left out
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// maxDepth is far deeper than any document that Ramp knows.
const maxDepth = 32

// The codes of errors.
const (
	Malformed    = "json_malformed"
	FieldTwice   = "field_twice"
	UnknownField = "unknown_field"
	WrongType    = "wrong_type"
	WrongTime    = "time_malformed"
)

// Error is why a document was not read.
type Error struct {
	Code    string // stable, one of the above
	Field   string // path, such as grants[1].name; empty for the document as a whole
	Message string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// Unmarshal reads one JSON value into what into points to. A field that its type
// does not have is an error. Errors are *Error; into may be filled in part then.
func Unmarshal(b []byte, into any) error { return unmarshal(b, into, false) }

// UnmarshalOpen is Unmarshal for documents of a later version of their writer: a
// field that the type does not have is left out, unless it is one of the type's in
// other letters.
func UnmarshalOpen(b []byte, into any) error { return unmarshal(b, into, true) }

func unmarshal(b []byte, into any, open bool) error {
	if m, ok := into.(*map[string]string); ok && *m == nil {
		if texts, ok := simpleTexts(b); ok {
			*m = texts
			return nil
		}
	}
	if err := checkText(b); err != nil {
		return err
	}
	w := walk{json.NewDecoder(bytes.NewReader(b)), open}
	if r := w.value(reflect.TypeOf(into), 0); r != nil {
		return r.err()
	}
	if _, err := w.Token(); !errors.Is(err, io.EOF) {
		return &Error{Code: Malformed, Message: "there is more than one JSON value"}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if !open {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return undecoded(err)
	}
	return nil
}

// undecoded returns why a document is not what its type takes.
func undecoded(err error) error {
	var kind *json.UnmarshalTypeError
	var notTime *time.ParseError
	switch {
	case errors.As(err, &kind):
		return &Error{WrongType, kind.Field, fmt.Sprintf("this must be %s, not %s", wordFor(kind.Type), withArticle(kind.Value))}
	case errors.As(err, &notTime), strings.Contains(err.Error(), "Time.UnmarshalJSON"):
		return &Error{Code: WrongTime, Message: "a time is written like 2026-01-31T14:00:00Z (RFC 3339)"}
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &Error{UnknownField, clip(strings.Trim(field, `"`)), noSuchField}
	}
	return malformed(err)
}

func malformed(err error) error {
	var syntax *json.SyntaxError
	message := "the JSON is malformed"
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && strings.Contains(err.Error(), "unexpected end"):
		message = "the JSON ends too early"
	case errors.As(err, &syntax):
		message = fmt.Sprintf("the JSON is malformed at byte %d: %s", syntax.Offset, syntax.Error())
	default:
		message += ": " + strings.TrimPrefix(err.Error(), "json: ")
	}
	return &Error{Code: Malformed, Message: message}
}

const noSuchField = "there is no such field"

// clip shortens a name that the writer of a document chose.
func clip(name string) string {
	const most = 100
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most]) + "…"
}

// wordFor returns a Go type in words of JSON.
func wordFor(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "a number"
	}
	return "a string"
}

// withArticle returns a kind of JSON value, as encoding/json names it, with its
// article.
func withArticle(kind string) string {
	kind, _, _ = strings.Cut(kind, " ") // "number 5"
	switch kind {
	case "object":
		return "an object"
	case "array":
		return "a list"
	case "bool":
		return "true or false"
	}
	return "a " + kind
}
