package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
)

// choices lists what the caller may choose for a param, a page at a time.
func (a *API) choices(c echo.Context) error {
	limit, err := limitParam(c, contracts.MaxChoicesPerPage)
	if err != nil {
		return err
	}
	page, err := a.app.Choices(c.Request().Context(), auth.Person(c), app.ChoiceQuery{Contract: c.Param("contract"), Param: c.Param("param"),
		Search: c.QueryParam("q"), Cursor: c.QueryParam("cursor"), Limit: limit})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page)
}
