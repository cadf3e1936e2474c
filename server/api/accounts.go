package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
)

// accountLinks lists which accounts operators and the configuration have linked.
func (a *API) accountLinks(c echo.Context) error {
	list, err := a.app.AccountLinks(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[access.AccountLink]{Items: list})
}

func (a *API) linkAccount(c echo.Context) error {
	var in struct {
		Account string `json:"account"`
		Human   string `json:"human"`
	}
	if err := read(c, &in, false); err != nil {
		return err
	}
	if err := a.app.LinkAccount(c.Request().Context(), actor(c), in.Account, in.Human); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) unlinkAccount(c echo.Context) error {
	var in struct {
		Account string `json:"account"`
	}
	if err := read(c, &in, false); err != nil {
		return err
	}
	if err := a.app.UnlinkAccount(c.Request().Context(), actor(c), in.Account); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
