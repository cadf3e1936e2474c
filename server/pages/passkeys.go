package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
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

func (p *Pages) passkeys(c echo.Context) (any, error) {
	return passkeysPage{Enrolment: p.app.Enrolment(auth.Person(c))}, nil
}

func (p *Pages) enrol(c echo.Context) error {
	entry, err := p.app.Enrol(c.Request().Context(), auth.Actor(c), c.FormValue("name"), []byte(c.FormValue("response")))
	content := passkeysPage{Enrolment: p.app.Enrolment(auth.Person(c)), Entry: entry}
	if err == nil {
		return p.render(c, http.StatusOK, "passkeys", content)
	}
	pr := problem.From(err)
	if pr.Kind == access.CodeInternal {
		return err
	}
	content.Name, content.Refused = c.FormValue("name"), pr.Detail
	return p.render(c, pr.Status, "passkeys", content)
}

// assertion returns what the page's script has put into the form; nil where there
// is no script.
func assertion(c echo.Context) (*access.Assertion, error) {
	text := c.FormValue("passkey")
	if text == "" {
		return nil, nil
	}
	var a access.Assertion
	if err := strictjson.Unmarshal([]byte(text), &a); err != nil {
		return nil, access.Invalid(access.Issue{Code: passkey.IssueInvalid, Field: "passkey", Message: "the page sent no passkey assertion"})
	}
	return &a, nil
}
