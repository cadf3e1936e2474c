package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/server/auth"
)

// you shows people who Ramp takes them for, and where they are signed in.
func (w *Web) you(c echo.Context) error {
	list, err := w.auth.ListSessions(c.Request().Context(), auth.Person(c))
	if err != nil {
		return err
	}
	return w.render(c, http.StatusOK, "you", list)
}

func (w *Web) signOut(c echo.Context) error {
	if err := w.auth.SignOut(c.Request().Context(), auth.Person(c)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/signed-out")
}
