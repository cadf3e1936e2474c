package scim

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/labstack/echo/v4"
)

// maxDepth is far deeper than any resource or patch.
const maxDepth = 16

// decode reads one JSON object, with all names in small letters. A name that is
// there twice, in whatever letters, is refused at every depth: of
// {"active": false, "Active": true} readers disagree which one counts.
func decode(r io.Reader) (object, error) {
	d := json.NewDecoder(r)
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if _, end := d.Token(); !ok || !errors.Is(end, io.EOF) {
		return nil, invalid("syntax", "the body must be one JSON object")
	}
	return o, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, malformed(err)
	}
	open, nested := token.(json.Delim)
	if !nested {
		return token, nil
	}
	if depth == maxDepth {
		return nil, invalid("syntax", "the JSON is nested more than %d deep", maxDepth)
	}
	var out any
	if open == '{' {
		out, err = members(d, depth+1)
	} else {
		out, err = elementsOf(d, depth+1)
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != nil { // its end
		return nil, malformed(err)
	}
	return out, nil
}

func members(d *json.Decoder, depth int) (map[string]any, error) {
	out := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, malformed(err)
		}
		name, _ := token.(string) // a decoder returns nothing else here
		name = strings.ToLower(name)
		if _, twice := out[name]; twice {
			return nil, invalid("syntax", "%q is given twice", name)
		}
		if out[name], err = value(d, depth); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func elementsOf(d *json.Decoder, depth int) ([]any, error) {
	out := []any{}
	for d.More() {
		v, err := value(d, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// malformed keeps what is no fault of the JSON: a body that is too large or did
// not arrive.
func malformed(err error) error {
	var he *echo.HTTPError
	if errors.As(err, &he) {
		return he
	}
	return invalid("syntax", "the body must be one JSON object")
}
