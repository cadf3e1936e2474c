package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
)

// notices returns what the person hears of.
func (a *API) notices(c echo.Context) error {
	s, err := a.app.NoticeSettings(c.Request().Context(), auth.Person(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s)
}

// chooseNotices replaces what the person hears of.
func (a *API) chooseNotices(c echo.Context) error {
	var in access.NoticeChoice
	if err := read(c, &in, false); err != nil {
		return err
	}
	s, err := a.app.ChooseNotices(c.Request().Context(), actor(c), in)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s)
}
