// Package api is Ramp's JSON API: it reads requests strictly, calls the use
// cases, and returns what they return. openapi.yaml describes it; a test holds the two together.
package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/surface"
)

// API serves what is below /api.
type API struct {
	// KeepAlive is the silence after which a stream of events looks whether its person is
	// still known, and sends a comment, so that proxies keep the connection. It is not
	// changed while the API serves.
	KeepAlive time.Duration

	app     *app.App
	auth    *auth.Auth
	streams streams
}

// New makes the API of the use cases.
func New(d *app.App, a *auth.Auth) *API { return &API{KeepAlive: 15 * time.Second, app: d, auth: a} }

// Surface returns the API's calls. Everything but the two that help to log in and
// to read the rest needs a person.
func (a *API) Surface() surface.Surface {
	get := func(path string, h echo.HandlerFunc) surface.Route { return surface.GET("/api/v1"+path, h) }
	post := func(path string, h echo.HandlerFunc) surface.Route { return surface.POST("/api/v1"+path, h) }
	events := get("/events", a.events)
	events.Stream = true
	tile := get("/audit/tile/*", a.tile)
	entries, removal := get("/audit/entries", a.entries), get("/audit/removals/:event", a.removal)
	tile.Bulk, entries.Bulk, removal.Bulk = true, true, true
	return surface.Surface{
		Name: "API", Prefixes: []string{"/api"}, Via: access.ViaAPI, Authenticate: a.auth.Identify, Require: auth.Require,
		Routes: []surface.Route{
			surface.GET("/api/openapi.json", a.openAPI).Open(),
			surface.GET("/api/contract.schema.json", a.contractSchema).Open(),
			get("/auth-config", a.authConfig).Open(),
			get("/me", a.me),
			get("/me/sessions", a.sessions),
			get("/me/notices", a.notices),
			post("/me/notices", a.chooseNotices),
			post("/me/sign-out", a.signOut),
			get("/accounts", a.accountLinks),
			post("/accounts/link", a.linkAccount),
			post("/accounts/unlink", a.unlinkAccount),
			get("/contracts", a.contractsStatus),
			get("/targets", a.targets),
			get("/contracts/files", a.contractsInForce),
			get("/requests/:id/contracts", a.proposedContracts),
			get("/catalog", a.catalog),
			get("/catalog/:contract", a.offer),
			get("/catalog/:contract/params/:param/choices", a.choices),
			post("/requests", a.submit),
			get("/requests", a.list),
			get("/requests/:id", a.show),
			post("/requests/:id/decision", a.decide),
			post("/requests/:id/cancel", a.end(a.app.Cancel)),
			post("/requests/:id/release", a.end(a.app.Release)),
			post("/requests/:id/revoke", a.end(a.app.Revoke)),
			post("/requests/:id/extend", a.extend),
			post("/requests/:id/review", a.review),
			post("/requests/:id/credentials", a.pickUp),
			get("/requests/:id/evidence", a.evidence),
			events,
			get("/reviews", a.reviews),
			get("/review", a.aReview),
			post("/findings/:id/mark", a.markFinding),
			get("/audit", a.audit),
			get("/audit/export", a.exportEvents),
			get("/audit/requests", a.auditRequests),
			get("/audit/requests/export", a.exportRequests),
			get("/audit/proofs", a.proofs),
			get("/audit/checkpoint", a.checkpoint),
			get("/audit/cosigned", a.cosigned),
			get("/audit/witnesses", a.witnesses),
			tile,
			entries,
			removal,
		},
	}
}

func (a *API) authConfig(c echo.Context) error { return c.JSON(http.StatusOK, a.auth.LoginInfo()) }

// actor returns who calls; a command line names itself in its User-Agent, which
// proves nothing and is for the record only.
func actor(c echo.Context) access.Actor {
	by := auth.Actor(c)
	if strings.HasPrefix(c.Request().UserAgent(), cliAgent) {
		by.Via = access.ViaCLI
	}
	return by
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

func (a *API) contractsStatus(c echo.Context) error {
	status, err := a.app.ContractsStatus(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, status)
}

func (a *API) targets(c echo.Context) error {
	all, err := a.app.Targets(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[access.TargetState]{Items: all})
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
