package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
)

type homePage struct {
	Live   []access.Request // mine: open, or on their way
	ToDo   []access.Request
	Offers []contracts.Offer
	Query  string
}

var underWay = []access.State{access.StatePending, access.StateApproved, access.StateScheduled,
	access.StateGranting, access.StateActive, access.StateEnding}

func (w *Web) home(c echo.Context) error {
	ctx, p := c.Request().Context(), auth.Person(c)
	page := homePage{Query: c.QueryParam("q")}
	var err error
	if page.Live, _, err = w.app.Requests(ctx, p, app.Query{Mine: true, States: underWay}); err != nil {
		return err
	}
	if page.ToDo, _, err = w.app.Requests(ctx, p, app.Query{ToDecide: true, Limit: 5}); err != nil {
		return err
	}
	page.Offers = w.app.Catalog(ctx, p, page.Query)
	return w.render(c, http.StatusOK, "home", page)
}

func (w *Web) inbox(c echo.Context) error {
	items, next, err := w.app.Requests(c.Request().Context(), auth.Person(c), app.Query{ToDecide: true, Cursor: c.QueryParam("cursor")})
	if err != nil {
		return err
	}
	page := listPage{Items: items}
	if next != "" {
		page.NextURL = "/inbox?" + url.Values{"cursor": {next}}.Encode()
	}
	return w.render(c, http.StatusOK, "inbox", page)
}

type listPage struct {
	Items   []access.Request
	NextURL string // older ones; "" where there are none
	Tab     string // which of the lists
	Tabs    []tab
}

type tab struct {
	Show, Name string
	query      app.Query
}

var tabs = []tab{
	{"mine", "Mine", app.Query{Mine: true}},
	{"active", "Open now", app.Query{States: []access.State{access.StateGranting, access.StateActive, access.StateEnding}}},
	{"all", "All", app.Query{}},
}

func (w *Web) requests(c echo.Context) error {
	chosen := tabs[max(0, slices.IndexFunc(tabs, func(t tab) bool { return t.Show == c.QueryParam("show") }))]
	q := chosen.query
	q.Cursor = c.QueryParam("cursor")
	items, next, err := w.app.Requests(c.Request().Context(), auth.Person(c), q)
	if err != nil {
		return err
	}
	page := listPage{Items: items, Tab: chosen.Show, Tabs: tabs}
	if next != "" {
		page.NextURL = "/requests?" + url.Values{"show": {chosen.Show}, "cursor": {next}}.Encode()
	}
	return w.render(c, http.StatusOK, "requests", page)
}

type requestPage struct {
	access.Request
	Can        app.Permissions
	Passkey    *app.PasskeyChallenge // for approving; nil where none is wanted
	Login      access.Duration       // how lately the person must have logged in to go on, and has not; 0: nothing is needed
	Refused    string                // why the last act was not done
	Typed      map[string]string     // what was typed with it, by field
	TemporalUI string                // this request's workflow, for operators
}

func (w *Web) request(c echo.Context) error {
	r, err := w.app.Request(c.Request().Context(), auth.Person(c), c.Param("id"))
	if err != nil {
		return err
	}
	return w.showRequest(c, http.StatusOK, r, "", nil)
}

func (w *Web) showRequest(c echo.Context, status int, r access.Request, refused string, typed map[string]string) error {
	page := requestPage{Request: r, Can: w.app.Permissions(auth.Person(c), r), Refused: refused, Typed: typed}
	switch {
	case page.Can.Decide:
		page.Passkey = w.app.PasskeyChallenge(auth.Person(c), r)
		page.Login = w.app.RequiredMaxAge(auth.Person(c), r.Plan.Rule.StepUp)
	case page.Can.PickUp:
		page.Login = w.app.RequiredMaxAge(auth.Person(c), r.Plan.StepUp)
	}
	if page.Can.Operate {
		page.TemporalUI = w.temporalUI.workflow(r.ID)
	}
	return w.render(c, status, "request", page)
}
