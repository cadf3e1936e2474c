package web

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

type passkeysPage struct {
	app.Enrolment
	Name    string // as typed
	Entry   string // of the key that was just made
	Refused string
}

func (w *Web) passkeys(c echo.Context) error {
	return w.render(c, http.StatusOK, "passkeys", passkeysPage{Enrolment: w.app.Enrolment(auth.Person(c))})
}

func (w *Web) enrol(c echo.Context) error {
	ctx, p := c.Request().Context(), auth.Person(c)
	entry, err := w.app.Enrol(ctx, auth.Actor(c), c.FormValue("name"), []byte(c.FormValue("response")))
	page := passkeysPage{Enrolment: w.app.Enrolment(p), Entry: entry}
	if err == nil {
		return w.render(c, http.StatusOK, "passkeys", page)
	}
	pr := problem.From(err)
	if pr.Kind == access.CodeInternal {
		return err
	}
	page.Name, page.Refused = c.FormValue("name"), pr.Detail
	return w.render(c, pr.Status, "passkeys", page)
}

// assertion is what the page's script has put into the form; nil where there is
// no script.
func assertion(c echo.Context) (*access.Assertion, error) {
	text := c.FormValue("passkey")
	if text == "" {
		return nil, nil
	}
	var a access.Assertion
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, access.Invalid(access.Issue{Code: passkey.IssueInvalid, Field: "passkey", Message: "what the page sent is no passkey's answer"})
	}
	return &a, nil
}
