// Package problem turns Ramp's errors into problems of HTTP (RFC 9457). It is
// the one place that knows which code is which status.
package problem

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
)

// Problem is an error as a client reads it.
type Problem struct {
	Type   string         `json:"type"` // urn:ramp:problem:CODE
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty"`
	Kind   access.Code    `json:"kind"` // what kind of thing went wrong
	Code   string         `json:"code"` // stable: the one issue's code, or the kind
	Issues []access.Issue `json:"issues,omitempty"`
	// MaxAge is how many seconds ago the login may have been that this needs.
	MaxAge int `json:"maxAge,omitempty"`
}

// ContentType is that of a Problem in JSON.
const ContentType = "application/problem+json"

var statuses = map[access.Code]int{
	access.CodeInvalid:         http.StatusBadRequest,
	access.CodeUnauthenticated: http.StatusUnauthorized,
	access.CodeForbidden:       http.StatusForbidden,
	access.CodeNotFound:        http.StatusNotFound,
	access.CodeConflict:        http.StatusConflict,
	access.CodeTooLate:         http.StatusGone,
	access.CodeTooLarge:        http.StatusRequestEntityTooLarge,
	access.CodeThrottled:       http.StatusTooManyRequests,
	access.CodeUnevaluated:     http.StatusForbidden,
	access.CodeEvidence:        http.StatusForbidden,
	access.CodeUnavailable:     http.StatusServiceUnavailable,
	access.CodeInternal:        http.StatusInternalServerError,
}

// From describes err. What is internal stays inside: its text is for the log.
func From(err error) Problem {
	var he *echo.HTTPError
	if errors.As(err, &he) {
		return fromEcho(he)
	}
	p := Problem{Kind: access.CodeOf(err), Issues: access.IssuesOf(err), MaxAge: int(access.MaxAgeOf(err).Seconds())}
	p.Code = string(p.Kind)
	if len(p.Issues) == 1 {
		p.Code = p.Issues[0].Code
	}
	p.Status = statuses[p.Kind]
	if p.Status == 0 {
		p.Status = http.StatusInternalServerError
	}
	p.Title, p.Detail = http.StatusText(p.Status), detail(err)
	p.Type = "urn:ramp:problem:" + p.Code
	return p
}

func detail(err error) string {
	var e *access.Error
	if !errors.As(err, &e) || e.Code == access.CodeInternal {
		return "something went wrong inside Ramp; its log says more"
	}
	// The cause is left out: it is another system's text, for the log.
	parts := []string{}
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	for _, i := range e.Issues {
		parts = append(parts, i.String())
	}
	return strings.Join(parts, "; ")
}

// fromEcho brings the router's own errors (404, 405, 413) into the same form.
func fromEcho(he *echo.HTTPError) Problem {
	p := Problem{Status: he.Code, Title: http.StatusText(he.Code)}
	switch he.Code {
	case http.StatusNotFound:
		p.Kind, p.Code, p.Detail = access.CodeNotFound, "unknown_path", "there is nothing at this address"
	case http.StatusMethodNotAllowed:
		p.Kind, p.Code, p.Detail = access.CodeInvalid, "method_not_allowed", "this address does not take this method"
	case http.StatusRequestEntityTooLarge:
		p.Kind, p.Code, p.Detail = access.CodeTooLarge, "body_too_large", "the body is too large"
	case http.StatusRequestTimeout:
		p.Kind, p.Code, p.Detail = access.CodeInvalid, "body_too_slow", "the body took too long to arrive"
	case http.StatusUnsupportedMediaType:
		p.Kind, p.Code, p.Detail = access.CodeInvalid, "content_type", "the body must be application/json"
	default:
		p.Kind, p.Code = access.CodeInternal, "http_error"
		if he.Code < 500 {
			p.Kind = access.CodeInvalid
		}
	}
	p.Type = "urn:ramp:problem:" + p.Code
	return p
}
