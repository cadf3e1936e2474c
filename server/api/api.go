// Package api is Ramp's JSON interface: it reads questions strictly, asks the
// use cases, and returns what they return. openapi.yaml describes it; a test holds the two together.
package api

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
)

// API answers under /api.
type API struct {
	app  *app.App
	auth *auth.Auth
}

// New makes the API of the use cases.
func New(d *app.App, a *auth.Auth) *API { return &API{app: d, auth: a} }

// Routes adds the API's calls. Everything but the two that help to log in and
// to read the rest needs a person.
func (a *API) Routes(e *echo.Echo) {
	e.GET("/api/openapi.json", a.openAPI)
	e.GET("/api/v1/auth-config", func(c echo.Context) error { return c.JSON(http.StatusOK, a.auth.LoginInfo()) })

	// Not a group: echo would answer for every unknown path and method in it.
	get := func(path string, h echo.HandlerFunc) { e.GET("/api/v1"+path, h, auth.Require) }
	post := func(path string, h echo.HandlerFunc) { e.POST("/api/v1"+path, h, auth.Require) }
	get("/me", a.me)
	get("/me/sessions", a.sessions)
	post("/me/sign-out", a.signOut)
	get("/catalog", a.catalog)
	get("/catalog/:contract", a.offer)
	post("/requests", a.submit)
	get("/requests", a.list)
	get("/requests/:id", a.show)
	post("/requests/:id/decision", a.decide)
	post("/requests/:id/cancel", a.stop(a.app.Cancel))
	post("/requests/:id/release", a.stop(a.app.Release))
	post("/requests/:id/revoke", a.stop(a.app.Revoke))
	post("/requests/:id/extend", a.extend)
	post("/requests/:id/credentials", a.pickUp)
	get("/events", a.events)
	get("/requests/:id/evidence", a.evidence)
	e.POST(auth.DecodePath, a.decode, auth.Require)
	get("/audit", a.audit)
	get("/audit/checkpoint", a.checkpoint)
	get("/audit/tile/*", a.tile)
}

// actor is who asks, through the API or the command line.
func actor(c echo.Context) access.Actor {
	via := access.ViaAPI
	if strings.HasPrefix(c.Request().UserAgent(), cliAgent) {
		via = access.ViaCLI
	}
	return access.Actor{Person: auth.Person(c), Via: via}
}

// cliAgent begins the User-Agent of the command line.
const cliAgent = "ramp-cli"

type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

func (a *API) me(c echo.Context) error { return c.JSON(http.StatusOK, auth.Person(c)) }

func (a *API) sessions(c echo.Context) error {
	list, err := a.auth.ListSessions(c.Request().Context(), auth.Person(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[auth.SessionInfo]{Items: list})
}

// signOut ends the person's sessions in every browser. A token ends at its own
// time: only its provider can end it sooner.
func (a *API) signOut(c echo.Context) error {
	if err := a.auth.SignOut(c.Request().Context(), auth.Person(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) catalog(c echo.Context) error {
	return c.JSON(http.StatusOK, page[contracts.Offer]{Items: a.app.Catalog(c.Request().Context(), auth.Person(c), c.QueryParam("q"))})
}

func (a *API) offer(c echo.Context) error {
	o, err := a.app.Offer(c.Request().Context(), auth.Person(c), c.Param("contract"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, o)
}
