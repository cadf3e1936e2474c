// Package pages is Ramp's web pages: rendered on the server, whole without
// JavaScript, live with it. The tables in this file are every page and every
// form; routes, navigation and tests are made from them.
package pages

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/surface"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Pages serves the pages. It is safe for concurrent use.
type Pages struct {
	app        *app.App
	auth       *auth.Auth
	temporalUI TemporalUI
	templates  map[string]*template.Template // by page
	assets     string                        // changes with the static files, so that browsers may keep them
}

// New parses the templates.
func New(use *app.App, a *auth.Auth, temporalUI TemporalUI) (*Pages, error) {
	p := &Pages{app: use, auth: a, temporalUI: temporalUI}
	var err error
	if p.templates, err = parseTemplates(templateFiles); err != nil {
		return nil, err
	}
	p.assets, err = hashOf(staticFiles)
	return p, err
}

// page is one address that shows something.
type page struct {
	Path    string
	Name    string // of its template
	Nav     string // its name in the main navigation; "" where it is not there
	Public  bool   // for anybody
	Operate bool   // in the navigation of operators only; what it shows decides for itself
	Audit   bool   // in that of auditors; of them alone unless Operate
	Review  bool   // in the navigation of those who read reviews only
	Content func(c echo.Context) (any, error)
}

func (p *Pages) pages() []page {
	return []page{
		{Path: "/", Name: "home", Nav: "Home", Content: p.home},
		{Path: "/requests", Name: "requests", Nav: "Requests", Content: p.requests},
		{Path: "/inbox", Name: "inbox", Nav: "Inbox", Content: p.inbox},
		{Path: "/requests/:id", Name: "request", Content: p.request},
		{Path: "/ask/:contract", Name: "ask", Content: p.ask},
		{Path: "/you", Name: "you", Content: p.you},
		{Path: "/you/passkeys", Name: "passkeys", Content: p.passkeys},
		{Path: reviewPath, Name: "review", Nav: "Weekly review", Review: true, Content: p.reviews},
		{Path: "/contracts", Name: "contracts", Nav: "Contracts", Operate: true, Audit: true, Content: p.contracts},
		{Path: auditPath, Name: "audit", Nav: "Audit", Audit: true, Content: p.audit},
		{Path: auditPath + "/requests/:id", Name: "auditrequest", Content: p.auditRequest},
		{Path: accountsPath, Name: "accounts", Nav: "Accounts", Operate: true, Content: p.accounts},
		{Path: "/sign-in", Name: "signin", Public: true, Content: p.signIn},
		{Path: "/signed-out", Name: "signedout", Public: true, Content: func(echo.Context) (any, error) { return nil, nil }},
	}
}

// form is one address to which a page sends something.
type form struct {
	Path   string
	Submit echo.HandlerFunc
}

func (p *Pages) forms() []form {
	return []form{
		{"/ask/:contract", p.submit},
		{"/requests/:id/decision", p.decide},
		{"/requests/:id/extend", p.extend},
		{"/requests/:id/review", p.review},
		{"/requests/:id/cancel", p.end(p.app.Cancel)},
		{"/requests/:id/release", p.end(p.app.Release)},
		{"/requests/:id/revoke", p.end(p.app.Revoke)},
		{reviewPath + "/findings/:id/mark", p.markFinding},
		{"/you/passkeys", p.enrol},
		{accountsPath + "/link", p.linkAccount},
		{accountsPath + "/unlink", p.unlinkAccount},
		{"/you/notices", p.chooseNotices},
		{"/you/external/code", p.linkCode},
		{"/you/external/unlink", p.unlinkExternalUser},
		{"/you/sign-out", p.signOut},
	}
}

// Surface returns the pages and forms.
func (p *Pages) Surface() surface.Surface {
	s := surface.Surface{
		Name: "pages", Prefixes: []string{""}, Via: access.ViaWeb, Authenticate: p.auth.Identify, Require: auth.RequirePage,
		RenderError: p.RenderError,
	}
	for _, one := range p.pages() {
		r := surface.GET(one.Path, p.show(one))
		r.Public = one.Public
		s.Routes = append(s.Routes, r)
	}
	for _, f := range p.forms() {
		s.Routes = append(s.Routes, surface.POST(f.Path, p.mark(f.Submit)))
	}
	return s
}

// StaticFiles returns what the pages load; it is for anybody.
func (p *Pages) StaticFiles() surface.Surface {
	files, _ := fs.Sub(staticFiles, "static") // a constant directory
	serve := func(c echo.Context) error {
		if c.QueryParam("v") == p.assets {
			c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeFileFS(c.Response(), c.Request(), files, c.Param("name"))
		return nil
	}
	icon := func(c echo.Context) error { return c.Redirect(http.StatusMovedPermanently, "/static/icon.svg") }
	return surface.Surface{
		Name: "static files", Prefixes: []string{"/static", "/favicon.ico"}, Rate: surface.PerAddress, Tokens: true,
		Routes: []surface.Route{surface.GET("/static/:name", serve).Open(), surface.GET("/favicon.ico", icon).Open()},
	}
}
