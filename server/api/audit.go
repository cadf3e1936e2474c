package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/auth"
)

// audit searches all recorded events.
func (a *API) audit(c echo.Context) error {
	f := ledger.EventSearch{Actor: c.QueryParam("actor"), Kind: access.EventKind(c.QueryParam("kind")),
		Request: c.QueryParam("request"), Cursor: c.QueryParam("cursor")}
	var err error
	if f.Since, err = timeParam(c, "since"); err != nil {
		return err
	}
	if f.Until, err = timeParam(c, "until"); err != nil {
		return err
	}
	if f.Limit, err = limitParam(c, 1000); err != nil {
		return err
	}
	items, next, err := a.app.Audit(c.Request().Context(), actor(c), f)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[ledger.Entry]{Items: items, NextCursor: next})
}

func (a *API) checkpoint(c echo.Context) error {
	signed, err := a.app.Checkpoint(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, signed)
}

func (a *API) tile(c echo.Context) error {
	b, err := a.app.Tile(c.Request().Context(), actor(c), c.Param("*"))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMEOctetStream, b)
}

func (a *API) evidence(c echo.Context) error {
	pack, err := a.app.Evidence(c.Request().Context(), auth.Person(c), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, pack)
}
