package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"ramp.dev/ramp/access"
)

// maxDepth is far deeper than any body that Ramp knows.
const maxDepth = 16

// checkFields refuses, at every depth, what encoding/json would take silently: a
// field given twice, of which readers disagree which one counts, and a field
// whose name differs in case. Both let one body be read as two. It holds a body
// against the type t into which it will be decoded.
func checkFields(body []byte, t reflect.Type) error {
	w := fieldWalk{json.NewDecoder(bytes.NewReader(body))}
	if err := w.value(t, "", 0); err != nil {
		return err
	}
	if _, err := w.Token(); !errors.Is(err, io.EOF) {
		return invalidBody("json_malformed", "", "there is more than one JSON value in the body")
	}
	return nil
}

type fieldWalk struct{ *json.Decoder }

// value walks over one JSON value at a path; t is nil where any JSON is taken.
func (w fieldWalk) value(t reflect.Type, path string, depth int) error {
	token, err := w.Token()
	if err != nil {
		return malformed(err)
	}
	open, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == maxDepth {
		return invalidBody("json_malformed", "", fmt.Sprintf("the JSON is nested more than %d deep", maxDepth))
	}
	if open == '{' {
		err = w.object(t, path, depth+1)
	} else {
		err = w.list(t, path, depth+1)
	}
	if err != nil {
		return err
	}
	if _, err := w.Token(); err != nil { // its end
		return malformed(err)
	}
	return nil
}

func (w fieldWalk) object(t reflect.Type, path string, depth int) error {
	seen := map[string]bool{}
	for w.More() {
		token, err := w.Token()
		if err != nil {
			return malformed(err)
		}
		name, _ := token.(string) // a decoder returns nothing else here
		at := strings.TrimPrefix(path+"."+name, ".")
		if seen[name] {
			return invalidBody("field_twice", access.Clip(at, 100), "this field is given twice")
		}
		seen[name] = true
		next, ok := fieldType(t, name)
		if !ok {
			return unknownField(at)
		}
		if err := w.value(next, at, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w fieldWalk) list(t reflect.Type, path string, depth int) error {
	var element reflect.Type
	if t = pointedTo(t); t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		element = t.Elem()
	}
	for i := 0; w.More(); i++ {
		if err := w.value(element, fmt.Sprintf("%s[%d]", path, i), depth); err != nil {
			return err
		}
	}
	return nil
}

// fieldType returns the type of the field of exactly this name, nil where any
// JSON is taken; ok is false where a struct has no such field.
func fieldType(t reflect.Type, name string) (field reflect.Type, ok bool) {
	t = pointedTo(t)
	switch {
	case t == nil:
		return nil, true
	case t.Kind() == reflect.Map:
		return t.Elem(), true
	case t.Kind() != reflect.Struct:
		return nil, true // not an object; decoding says so
	}
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && tag != "" && tag != "-" {
			return f.Type, true
		}
	}
	return nil, false
}

// pointedTo returns nil for a type that takes any JSON.
func pointedTo(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && t.Kind() == reflect.Interface {
		return nil
	}
	return t
}
