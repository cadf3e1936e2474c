package scim

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/internal/strictjson"
)

// decode reads one JSON object strictly, with all names in small letters: SCIM's
// names have no case (RFC 7643, section 2.1). A name that is there twice, in whatever
// letters, is refused at every depth: of {"active": false, "Active": true} readers
// disagree which one counts.
func decode(r io.Reader) (object, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, malformed(err)
	}
	var o map[string]any
	if err := strictjson.Unmarshal(b, &o); err != nil {
		return nil, invalid("syntax", "the body must be one JSON object: %s", err)
	}
	if o == nil {
		return nil, invalid("syntax", "the body must be one JSON object")
	}
	return smallLetters(o)
}

func smallLetters(o map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		small := strings.ToLower(name)
		if _, twice := out[small]; twice {
			return nil, invalid("syntax", "%q is given twice", small)
		}
		var err error
		if out[small], err = smallLettersIn(o[name]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func smallLettersIn(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return smallLetters(v)
	case []any:
		for i := range v {
			var err error
			if v[i], err = smallLettersIn(v[i]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
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
