// Package api is Ramp's JSON interface: it reads questions strictly, asks the
// desk, and answers. openapi.yaml describes it; a test holds the two together.
package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/desk"
)

// API answers under /api.
type API struct {
	desk *desk.Desk
	auth *auth.Auth
}

// New makes the API of a desk.
func New(d *desk.Desk, a *auth.Auth) *API { return &API{desk: d, auth: a} }

// Routes adds the API's calls. Everything but the two that help to log in and
// to read the rest needs a person.
func (a *API) Routes(e *echo.Echo) {
	e.GET("/api/openapi.json", a.openAPI)
	e.GET("/api/v1/auth-config", func(c echo.Context) error { return c.JSON(http.StatusOK, a.auth.Public()) })

	g := e.Group("/api/v1", auth.Require)
	g.GET("/me", a.me)
	g.GET("/catalog", a.catalog)
	g.GET("/catalog/:contract", a.offer)
	g.POST("/requests", a.submit)
	g.GET("/requests", a.list)
	g.GET("/requests/:id", a.show)
	g.POST("/requests/:id/decision", a.decide)
	g.POST("/requests/:id/cancel", a.stop(a.desk.Cancel))
	g.POST("/requests/:id/release", a.stop(a.desk.Release))
	g.POST("/requests/:id/revoke", a.stop(a.desk.Revoke))
	g.POST("/requests/:id/extend", a.extend)
	g.POST("/requests/:id/credentials", a.pickUp)
	g.GET("/events", a.events)
}

type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

func (a *API) me(c echo.Context) error { return c.JSON(http.StatusOK, auth.Person(c)) }

func (a *API) catalog(c echo.Context) error {
	return c.JSON(http.StatusOK, page[contracts.Offer]{Items: a.desk.Catalog(c.Request().Context(), auth.Person(c), c.QueryParam("q"))})
}

func (a *API) offer(c echo.Context) error {
	o, err := a.desk.Offer(c.Request().Context(), auth.Person(c), c.Param("contract"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, o)
}
