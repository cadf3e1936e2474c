package strictjson

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// walk goes over a document beside the type into which it will be decoded, and
// finds what encoding/json would take silently.
type walk struct {
	*json.Decoder
	open bool // fields that a type does not have are left out
}

// value walks over one value at a path; t is nil where any JSON is taken.
func (w walk) value(t reflect.Type, path string, depth int) error {
	token, err := w.Token()
	if err != nil {
		return malformed(err)
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == maxDepth {
		return &Error{Code: Malformed, Message: fmt.Sprintf("the JSON is nested more than %d deep", maxDepth)}
	}
	if delim == '{' {
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

func (w walk) object(t reflect.Type, path string, depth int) error {
	seen := map[string]bool{}
	for w.More() {
		token, err := w.Token()
		if err != nil {
			return malformed(err)
		}
		name, _ := token.(string) // a decoder returns nothing else here
		at := strings.TrimPrefix(path+"."+name, ".")
		if seen[name] {
			return &Error{FieldTwice, clip(at), "this field is given twice"}
		}
		seen[name] = true
		next, known := fieldOf(t, name, w.open)
		if !known {
			return &Error{UnknownField, clip(at), noSuchField}
		}
		if err := w.value(next, at, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w walk) list(t reflect.Type, path string, depth int) error {
	var element reflect.Type
	if t = decodedAs(t); t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		element = t.Elem()
	}
	for i := 0; w.More(); i++ {
		if err := w.value(element, fmt.Sprintf("%s[%d]", path, i), depth); err != nil {
			return err
		}
	}
	return nil
}

// fieldOf returns the type of the field of exactly this name, nil where any JSON is
// taken. It reports false for a field that a struct does not have; with open only
// for one that it has in other letters, which encoding/json would take for it.
func fieldOf(t reflect.Type, name string, open bool) (field reflect.Type, known bool) {
	t = decodedAs(t)
	switch {
	case t == nil:
		return nil, true
	case t.Kind() == reflect.Map:
		return t.Elem(), true
	case t.Kind() != reflect.Struct:
		return nil, true // not an object; decoding says so
	}
	for _, f := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Tag.Get("json") == "-", !f.IsExported(), f.Anonymous && tag == "":
			continue
		case tag == "":
			tag = f.Name
		}
		if tag == name {
			return f.Type, true
		}
		if open && strings.EqualFold(tag, name) {
			return nil, false
		}
	}
	return nil, open
}

// decodedAs returns the type whose fields a value has; nil for one that takes any
// JSON, as a type that decodes itself may.
func decodedAs(t reflect.Type) reflect.Type {
	for t != nil {
		if pointer := reflect.PointerTo(t); pointer.Implements(reflect.TypeFor[json.Unmarshaler]()) || pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			return nil
		}
		if t.Kind() != reflect.Pointer {
			break
		}
		t = t.Elem()
	}
	if t != nil && t.Kind() == reflect.Interface {
		return nil
	}
	return t
}
