package strictjson

import (
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

// refused is why a document is not read. Its path is put together on the way out: most
// documents are read, and need none.
type refused struct {
	code, message string
	path          string
}

func refuse(code, message, at string) *refused { return &refused{code, message, at} }

func refuseText(err error) *refused { return refuse(Malformed, malformed(err).Error(), "") }

// in returns r with the part before its path. A fault of the text is one of the whole
// document.
func (r *refused) in(part string) *refused {
	if r.code != Malformed {
		r.path = part + r.path
	}
	return r
}

func (r *refused) err() error {
	return &Error{r.code, clip(strings.TrimPrefix(r.path, ".")), r.message}
}

// value walks over one value; t is nil where any JSON is taken.
func (w walk) value(t reflect.Type, depth int) *refused {
	token, err := w.Token()
	if err != nil {
		return refuseText(err)
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == maxDepth {
		return refuse(Malformed, fmt.Sprintf("the JSON is nested more than %d deep", maxDepth), "")
	}
	var r *refused
	if delim == '{' {
		r = w.object(shapeOf(t), depth+1)
	} else {
		r = w.list(shapeOf(t), depth+1)
	}
	if r != nil {
		return r
	}
	if _, err := w.Token(); err != nil { // its end
		return refuseText(err)
	}
	return nil
}

func (w walk) object(s *shape, depth int) *refused {
	seen := map[string]bool{}
	for w.More() {
		token, err := w.Token()
		if err != nil {
			return refuseText(err)
		}
		name, _ := token.(string) // a decoder returns nothing else here
		if seen[name] {
			return refuse(FieldTwice, "this field is given twice", "."+name)
		}
		seen[name] = true
		next, known := s.field(name, w.open)
		if !known {
			return refuse(UnknownField, noSuchField, "."+name)
		}
		if r := w.value(next, depth); r != nil {
			return r.in("." + name)
		}
	}
	return nil
}

func (w walk) list(s *shape, depth int) *refused {
	element := s.item()
	for i := 0; w.More(); i++ {
		if r := w.value(element, depth); r != nil {
			return r.in(fmt.Sprintf("[%d]", i))
		}
	}
	return nil
}
