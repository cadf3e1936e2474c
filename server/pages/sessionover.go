package pages

import (
	"maps"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

// sessionOverPage keeps what somebody sent after their session had ended, in the
// page and nowhere else: they log in in another tab and send it again.
type sessionOverPage struct {
	Action string // where it was sent
	Page   string // where the form is
	Fields []field
}

type field struct{ Name, Value string }

// sessionOver reports whether a problem is that of a form whose session has
// ended, and returns what was typed into it.
func sessionOver(c echo.Context, pr problem.Problem) (sessionOverPage, bool) {
	r := c.Request()
	if r.Method != http.MethodPost || pr.Code != auth.IssueSessionOver {
		return sessionOverPage{}, false
	}
	form, err := c.FormParams()
	if err != nil {
		return sessionOverPage{}, false
	}
	out := sessionOverPage{Action: r.URL.Path, Page: formPage(c)}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			out.Fields = append(out.Fields, field{name, value})
		}
	}
	return out, true
}

// formPage returns the page on which a form is.
func formPage(c echo.Context) string {
	if id := c.Param("id"); id != "" {
		return requestPath(id)
	}
	return c.Request().URL.Path
}
