package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/server/auth"
)

// youPage shows people who Ramp takes them for, and where they are signed in.
type youPage struct {
	Sessions []auth.SessionInfo
	Operator bool
	Auditor  bool
	External []externalPart
	Notices  noticePart
}

func (p *Pages) you(c echo.Context) (any, error) { return p.youContent(c) }

func (p *Pages) youContent(c echo.Context) (youPage, error) {
	list, err := p.auth.ListSessions(c.Request().Context(), auth.Person(c))
	if err != nil {
		return youPage{}, err
	}
	external, err := p.externalParts(c.Request().Context(), auth.Person(c))
	if err != nil {
		return youPage{}, err
	}
	settings, err := p.app.NoticeSettings(c.Request().Context(), auth.Person(c))
	return youPage{Sessions: list, Operator: p.app.SeesAll(auth.Person(c)), Auditor: p.app.ReadsLog(auth.Person(c)), External: external, Notices: noticesOf(settings)}, err
}

func (p *Pages) signOut(c echo.Context) error {
	if err := p.auth.SignOut(c.Request().Context(), auth.Person(c)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/signed-out")
}

// signInPage lets people choose where they log in. The login itself checks where
// Next leads.
type signInPage struct {
	Choices     []string
	Next, Again string
}

func (p *Pages) signIn(c echo.Context) (any, error) {
	return signInPage{p.auth.LoginProviders(), c.QueryParam("next"), c.QueryParam("again")}, nil
}
