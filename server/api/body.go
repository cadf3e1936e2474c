package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
)

// read decodes a JSON body strictly: one object, each field once and known. An
// empty body is an empty object where empty is allowed.
func read(c echo.Context, into any, emptyAllowed bool) error {
	r := c.Request()
	if ct := r.Header.Get("Content-Type"); ct != "" || !emptyAllowed {
		if mt, _, err := mime.ParseMediaType(ct); err != nil || mt != "application/json" {
			return echo.NewHTTPError(http.StatusUnsupportedMediaType)
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return unread(err)
	}
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0 && emptyAllowed:
		return nil
	case len(body) == 0, string(body) == "null":
		return invalidBody("body_missing", "", "a JSON object is needed in the body")
	case body[0] == '[', body[0] == '"':
		return invalidBody("wrong_type", "", "the body must be a JSON object")
	}
	if err := checkFields(body, into); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return undecoded(err)
	}
	return nil
}

// unread: the body did not come whole.
func unread(err error) error {
	var tooLarge *http.MaxBytesError
	var he *echo.HTTPError
	switch {
	case errors.As(err, &tooLarge):
		return echo.NewHTTPError(http.StatusRequestEntityTooLarge)
	case errors.As(err, &he):
		return he
	case errors.Is(err, os.ErrDeadlineExceeded):
		return echo.NewHTTPError(http.StatusRequestTimeout)
	}
	return invalidBody("body_broken_off", "", "the body did not arrive whole")
}

func undecoded(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var notTime *time.ParseError
	switch {
	case errors.As(err, &syntax):
		return malformed(err)
	case errors.As(err, &kind):
		return invalidBody("wrong_type", kind.Field, fmt.Sprintf("this must be %s, not %s", plain(kind.Type), article(kind.Value)))
	case errors.As(err, &notTime), strings.Contains(err.Error(), "Time.UnmarshalJSON"):
		return invalidBody("time_malformed", "", "a time is written like 2026-01-31T14:00:00Z (RFC 3339)")
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return unknownField(strings.Trim(field, `"`))
	}
	return invalidBody("json_malformed", "", "the JSON is malformed: "+strings.TrimPrefix(err.Error(), "json: "))
}

func malformed(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return invalidBody("json_malformed", "", "the JSON ends too early")
	case errors.As(err, &syntax) && strings.Contains(err.Error(), "unexpected end"):
		return invalidBody("json_malformed", "", "the JSON ends too early")
	case errors.As(err, &syntax):
		return invalidBody("json_malformed", "", fmt.Sprintf("the JSON is malformed at byte %d: %s", syntax.Offset, syntax.Error()))
	}
	return invalidBody("json_malformed", "", "the JSON is malformed")
}

// maxDepth is far deeper than any body that Ramp knows.
const maxDepth = 16

// checkFields refuses what encoding/json would take silently: a field given
// twice, of which readers disagree which one counts, and a field in other
// letters than its own. Both let one question be read as two.
func checkFields(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	var seen []map[string]bool // of the objects around; nil for a list
	name := false              // whether the next token may be a field's name
	for {
		token, err := d.Token()
		if err != nil {
			return malformed(err)
		}
		switch v := token.(type) {
		case json.Delim:
			switch v {
			case '{', '[':
				if len(seen) == maxDepth {
					return invalidBody("json_malformed", "", fmt.Sprintf("the JSON is nested more than %d deep", maxDepth))
				}
				var fields map[string]bool
				if v == '{' {
					fields = map[string]bool{}
				}
				seen = append(seen, fields)
			default:
				seen = seen[:len(seen)-1]
			}
			name = true
		case string:
			if fields := innermost(seen); fields != nil && name {
				if fields[v] {
					return invalidBody("field_twice", access.Clip(v, 60), "this field is given twice")
				}
				if fields[v] = true; len(seen) == 1 && !hasField(into, v) {
					return unknownField(v)
				}
				name = false
				continue
			}
			name = true
		default:
			name = true
		}
		if len(seen) == 0 {
			break
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalidBody("json_malformed", "", "there is more than one JSON value in the body")
	}
	return nil
}

func innermost(seen []map[string]bool) map[string]bool {
	if len(seen) == 0 {
		return nil
	}
	return seen[len(seen)-1]
}

// hasField reports whether the struct that into points to has a JSON field of
// exactly this name.
func hasField(into any, name string) bool {
	for _, f := range reflect.VisibleFields(reflect.TypeOf(into).Elem()) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return true
		}
	}
	return false
}

func unknownField(name string) error {
	return invalidBody("unknown_field", access.Clip(name, 60), "there is no such field")
}

// plain says a Go type in words of JSON.
func plain(t reflect.Type) string {
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

// article says a kind of JSON value, as encoding/json names it, in a sentence.
func article(kind string) string {
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

func invalidBody(code, field, message string) error {
	return access.Invalid(access.Issue{Code: code, Field: field, Message: message})
}
