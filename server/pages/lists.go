package pages

import (
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
)

type homePage struct {
	Live   []access.Request // the person's own: open, or on their way
	ToDo   []access.Request
	Glass  []access.Request // uses of break glass that wait for the person's review
	Offers []contracts.Offer
	Query  string
	// NoPasskeys is why nobody can approve here what needs a passkey; "" where they can.
	NoPasskeys string
	// What part the person has in everybody's requests.
	Operator, Auditor bool
	// MayPropose says that the person may propose contracts.
	MayPropose bool
}

var underWay = []access.State{access.StatePending, access.StateApproved, access.StateScheduled,
	access.StateGranting, access.StateActive, access.StateEnding}

func (p *Pages) home(c echo.Context) (any, error) {
	ctx, person := c.Request().Context(), auth.Person(c)
	content := homePage{Query: c.QueryParam("q"), Operator: p.app.SeesAll(person), Auditor: p.app.ReadsLog(person), MayPropose: p.app.MayPropose(ctx, person)}
	var err error
	if content.Live, _, err = p.app.Requests(ctx, person, app.Query{Mine: true, States: underWay}); err != nil {
		return nil, err
	}
	if content.ToDo, _, err = p.app.Requests(ctx, person, app.Query{ToDecide: true, Limit: 5}); err != nil {
		return nil, err
	}
	if content.Glass, _, err = p.app.Requests(ctx, person, app.Query{ToReview: true, Limit: 5}); err != nil {
		return nil, err
	}
	content.Offers = p.app.Catalog(ctx, person, content.Query)
	for _, o := range content.Offers {
		content.NoPasskeys = max(content.NoPasskeys, p.app.PasskeyProblem(o))
	}
	return content, nil
}

type listPage struct {
	Items   []access.Request
	Glass   []access.Request // uses of break glass that wait for the person's review
	NextURL string           // older ones; "" where there are none
	Tab     string           // which of the lists
	Tabs    []tab
}

func (p *Pages) inbox(c echo.Context) (any, error) {
	items, next, err := p.app.Requests(c.Request().Context(), auth.Person(c), app.Query{ToDecide: true, Cursor: c.QueryParam("cursor")})
	if err != nil {
		return nil, err
	}
	content := listPage{Items: items}
	if content.Glass, _, err = p.app.Requests(c.Request().Context(), auth.Person(c), app.Query{ToReview: true}); err != nil {
		return nil, err
	}
	if next != "" {
		content.NextURL = "/inbox?" + url.Values{"cursor": {next}}.Encode()
	}
	return content, nil
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

// tab returns the list that was asked for. Without one it is the person's own,
// or all for a person who sees all and has none.
func (p *Pages) tab(c echo.Context) (tab, error) {
	if i := slices.IndexFunc(tabs, func(t tab) bool { return t.Show == c.QueryParam("show") }); i >= 0 {
		return tabs[i], nil
	}
	person := auth.Person(c)
	if !p.app.SeesAll(person) {
		return tabs[0], nil
	}
	own, _, err := p.app.Requests(c.Request().Context(), person, app.Query{Mine: true, Limit: 1})
	if len(own) > 0 {
		return tabs[0], err
	}
	return tabs[len(tabs)-1], err
}

func (p *Pages) requests(c echo.Context) (any, error) {
	chosen, err := p.tab(c)
	if err != nil {
		return nil, err
	}
	q := chosen.query
	q.Cursor = c.QueryParam("cursor")
	items, next, err := p.app.Requests(c.Request().Context(), auth.Person(c), q)
	if err != nil {
		return nil, err
	}
	content := listPage{Items: items, Tab: chosen.Show, Tabs: tabs}
	if next != "" {
		content.NextURL = "/requests?" + url.Values{"show": {chosen.Show}, "cursor": {next}}.Encode()
	}
	return content, nil
}
