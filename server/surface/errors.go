package surface

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/server/problem"
)

// renderer writes errors in the form of the surface that the address belongs to.
// What is internal is logged, and never sent.
func renderer(list []Surface, log logrus.FieldLogger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		p, s := problem.From(err), Of(list, c.Request().URL.Path)
		if p.Status >= http.StatusInternalServerError {
			log.WithError(err).WithFields(logrus.Fields{"method": c.Request().Method, "route": c.Path()}).Error("a request failed")
		}
		p = s.complete(p, c.Response().Header())
		if s.RenderError == nil || s.RenderError(c, p) != nil && !c.Response().Committed {
			_ = RenderJSON(c, p)
		}
	}
}

// RenderJSON writes a problem as JSON (RFC 9457).
func RenderJSON(c echo.Context, p problem.Problem) error {
	c.Response().Header().Set(echo.HeaderContentType, problem.ContentType)
	return c.JSON(p.Status, p)
}

// complete adds what belongs to a status, to the problem and to the headers.
func (s Surface) complete(p problem.Problem, h http.Header) problem.Problem {
	switch p.Status {
	case http.StatusMethodNotAllowed:
		p.Detail = "this address takes " + strings.TrimPrefix(h.Get(echo.HeaderAllow), "OPTIONS, ")
	case http.StatusRequestEntityTooLarge:
		p.Detail = "the body may have " + strings.NewReplacer("K", " KiB", "M", " MiB").Replace(s.bodyLimit())
	case http.StatusUnauthorized:
		h.Set(echo.HeaderWWWAuthenticate, challenge(p))
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		if h.Get(echo.HeaderRetryAfter) == "" {
			h.Set(echo.HeaderRetryAfter, "2")
		}
	}
	return p
}

// challenge says which credentials would help: for a login that is too old, in
// the terms of RFC 9470.
func challenge(p problem.Problem) string {
	c := `Bearer realm="ramp"`
	if p.MaxAge > 0 {
		c += fmt.Sprintf(`, error="insufficient_user_authentication", error_description="a newer login is needed", max_age="%d"`, p.MaxAge)
	}
	return c
}
