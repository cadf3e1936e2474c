package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
)

// read decodes a JSON body strictly: one value, no field that is not known. An
// empty body is an empty object where empty is allowed.
func read(c echo.Context, into any, emptyAllowed bool) error {
	r := c.Request()
	if ct := r.Header.Get("Content-Type"); ct != "" || !emptyAllowed {
		if mt, _, err := mime.ParseMediaType(ct); err != nil || mt != "application/json" {
			return echo.NewHTTPError(http.StatusUnsupportedMediaType)
		}
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if errors.Is(err, io.EOF) && emptyAllowed {
		return nil
	}
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return invalidBody("json_malformed", "", "there is more than one JSON value in the body")
		}
		return nil
	}
	return bodyError(err)
}

func bodyError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var tooLarge *http.MaxBytesError
	var he *echo.HTTPError
	switch {
	case errors.As(err, &tooLarge):
		return echo.NewHTTPError(http.StatusRequestEntityTooLarge)
	case errors.As(err, &he):
		return he
	case errors.Is(err, io.EOF):
		return invalidBody("body_missing", "", "a JSON object is needed in the body")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return invalidBody("json_malformed", "", "the JSON ends too early")
	case errors.As(err, &syntax):
		return invalidBody("json_malformed", "", fmt.Sprintf("the JSON is malformed at byte %d: %s", syntax.Offset, syntax.Error()))
	case errors.As(err, &kind):
		return invalidBody("wrong_type", kind.Field, fmt.Sprintf("this must be a %s, not a %s", plain(kind.Type.String()), kind.Value))
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalidBody("unknown_field", strings.Trim(field, `"`), "there is no such field")
	}
	return invalidBody("json_malformed", "", "the JSON is malformed: "+strings.TrimPrefix(err.Error(), "json: "))
}

// plain says a Go type in words of JSON.
func plain(t string) string {
	switch {
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "float"):
		return "number"
	case strings.HasPrefix(t, "map"), strings.HasPrefix(t, "api."), strings.HasPrefix(t, "access.Ask"):
		return "object"
	case strings.Contains(t, "Time"):
		return "time such as 2026-01-31T14:00:00Z"
	}
	return "string"
}

func invalidBody(code, field, message string) error {
	return access.Invalid(access.Issue{Code: code, Field: field, Message: message})
}
