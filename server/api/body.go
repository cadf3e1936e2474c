package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
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
	err = strictjson.Unmarshal(body, into)
	var e *strictjson.Error
	if errors.As(err, &e) {
		return invalidBody(e.Code, e.Field, e.Message)
	}
	return err
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

func invalidBody(code, field, message string) error {
	return access.Invalid(access.Issue{Code: code, Field: field, Message: message})
}
