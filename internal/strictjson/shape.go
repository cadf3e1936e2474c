package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// shape is what encoding/json takes for a type: nil where it takes any JSON, as a type
// that decodes itself may.
type shape struct {
	fields  map[string]reflect.Type // of a struct, by name; nil for everything else
	names   []string                // of the fields, in the order of the struct: workflows read JSON, too
	element reflect.Type            // of a map or a list
	isMap   bool
}

// shapes are those that were asked for, by type. A program has a fixed number of types,
// and looking at one costs more than reading a document of it.
var shapes sync.Map

func shapeOf(t reflect.Type) *shape {
	if t == nil {
		return nil
	}
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	made, _ := shapes.LoadOrStore(t, newShape(decodedAs(t)))
	return made.(*shape)
}

func newShape(t reflect.Type) *shape {
	switch {
	case t == nil:
		return nil
	case t.Kind() == reflect.Map:
		return &shape{element: t.Elem(), isMap: true}
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Array:
		return &shape{element: t.Elem()}
	case t.Kind() != reflect.Struct:
		return nil // not nested; decoding says so of what is
	}
	s := &shape{fields: map[string]reflect.Type{}}
	for _, f := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Tag.Get("json") == "-", !f.IsExported(), f.Anonymous && tag == "":
			continue
		case tag == "":
			tag = f.Name
		}
		if _, again := s.fields[tag]; !again {
			s.fields[tag], s.names = f.Type, append(s.names, tag)
		}
	}
	return s
}

// field returns the type of the field of exactly this name, nil where any JSON is
// taken. It reports false for a field that a struct does not have; with open only
// for one that it has in other letters, which encoding/json would take for it.
func (s *shape) field(name string, open bool) (field reflect.Type, known bool) {
	switch {
	case s == nil:
		return nil, true
	case s.isMap:
		return s.element, true
	case s.fields == nil:
		return nil, true // a list; decoding says that it is none
	}
	if f, ok := s.fields[name]; ok {
		return f, true
	}
	if !open {
		return nil, false
	}
	return nil, !slices.ContainsFunc(s.names, func(tag string) bool { return strings.EqualFold(tag, name) })
}

// item returns the type of what a list holds, nil where any JSON is taken.
func (s *shape) item() reflect.Type {
	if s == nil || s.isMap || s.fields != nil {
		return nil
	}
	return s.element
}

// decodedAs returns the type whose fields a value has; nil for one that takes any
// JSON.
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
