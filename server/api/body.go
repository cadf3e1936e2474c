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
	if err := checkFields(body, reflect.TypeOf(into).Elem()); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return undecoded(err)
	}
	return nil
}

// unread returns why a body did not arrive whole.
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

// undecoded returns why a body is not what its call takes.
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

func unknownField(name string) error {
	return invalidBody("unknown_field", access.Clip(name, 100), "there is no such field")
}

// plain returns a Go type in words of JSON.
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

// article returns a kind of JSON value, as encoding/json names it, with its article.
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
