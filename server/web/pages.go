package web

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/desk"
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
	if page.Live, _, err = w.desk.Requests(ctx, p, desk.Query{Mine: true, States: underWay}); err != nil {
		return err
	}
	if page.ToDo, _, err = w.desk.Requests(ctx, p, desk.Query{ToDecide: true, Limit: 5}); err != nil {
		return err
	}
	page.Offers = w.desk.Catalog(ctx, p, page.Query)
	return w.render(c, http.StatusOK, "home", page)
}

func (w *Web) inbox(c echo.Context) error {
	items, next, err := w.desk.Requests(c.Request().Context(), auth.Person(c), desk.Query{ToDecide: true, Cursor: c.QueryParam("cursor")})
	if err != nil {
		return err
	}
	return w.render(c, http.StatusOK, "inbox", listPage{Items: items, Next: next})
}

type listPage struct {
	Items   []access.Request
	Next    string // cursor
	Tab     string // which of the lists
	Tabs    []string
	NextURL string
}

var tabs = map[string]desk.Query{
	"mine":   {Mine: true},
	"active": {States: []access.State{access.StateGranting, access.StateActive, access.StateEnding}},
	"all":    {},
}

func (w *Web) requests(c echo.Context) error {
	tab := c.QueryParam("show")
	q, ok := tabs[tab]
	if !ok {
		tab, q = "mine", tabs["mine"]
	}
	q.Cursor = c.QueryParam("cursor")
	items, next, err := w.desk.Requests(c.Request().Context(), auth.Person(c), q)
	if err != nil {
		return err
	}
	page := listPage{Items: items, Next: next, Tab: tab, Tabs: []string{"mine", "active", "all"}}
	if next != "" {
		page.NextURL = "/requests?" + url.Values{"show": {tab}, "cursor": {next}}.Encode()
	}
	return w.render(c, http.StatusOK, "requests", page)
}

type requestPage struct {
	access.Request
	Can        desk.Can
	Refused    string // why the last act was not done
	Comment    string // what was typed with it
	TemporalUI string // this request's workflow, for operators
}

func (w *Web) request(c echo.Context) error {
	r, err := w.desk.Request(c.Request().Context(), auth.Person(c), c.Param("id"))
	if err != nil {
		return err
	}
	return w.showRequest(c, http.StatusOK, r, "", "")
}

func (w *Web) showRequest(c echo.Context, status int, r access.Request, refused, comment string) error {
	page := requestPage{Request: r, Can: w.desk.Can(auth.Person(c), r), Refused: refused, Comment: comment}
	if w.temporalUI != "" && auth.Person(c).In(w.desk.Operators...) {
		page.TemporalUI = w.temporalUI + "/namespaces/default/workflows/" + r.ID
	}
	return w.render(c, status, "request", page)
}
