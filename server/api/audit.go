package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/auth"
)

// audit searches everything that was recorded.
func (a *API) audit(c echo.Context) error {
	f := ledger.EventSearch{Actor: c.QueryParam("actor"), Kind: access.EventKind(c.QueryParam("kind")),
		Request: c.QueryParam("request"), Cursor: c.QueryParam("cursor")}
	for name, into := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		s := c.QueryParam(name)
		if s == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return access.Invalid(access.Issue{Code: "time_malformed", Field: name, Message: "write it like 2026-01-31T14:00:00Z"})
		}
		*into = t
	}
	if s := c.QueryParam("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1000 {
			return access.Invalid(access.Issue{Code: "limit_out_of_range", Field: "limit", Message: "a limit is between 1 and 1000"})
		}
		f.Limit = n
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
