// Package web is Ramp's pages: rendered on the server, whole without
// JavaScript, live with it.
package web

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
	"ramp.dev/ramp/server/surface"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Web answers with pages.
type Web struct {
	app        *app.App
	auth       *auth.Auth
	temporalUI TemporalUI
	pages      map[string]*template.Template
	assets     string // changes with the static files, so that browsers may keep them
}

// TemporalUI is where operators find workflows.
type TemporalUI struct {
	Address   string // "" hides the links
	Namespace string // "default" if empty
}

// workflow returns the address of a workflow, "" where there is no UI.
func (t TemporalUI) workflow(id string) string {
	if t.Address == "" {
		return ""
	}
	return strings.TrimSuffix(t.Address, "/") + "/namespaces/" + url.PathEscape(cmp.Or(t.Namespace, "default")) + "/workflows/" + url.PathEscape(id)
}

// New parses the templates.
func New(d *app.App, a *auth.Auth, temporalUI TemporalUI) (*Web, error) {
	w := &Web{app: d, auth: a, temporalUI: temporalUI, pages: map[string]*template.Template{}}
	base, err := template.New("layout.html").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"home", "ask", "requests", "inbox", "request", "problem", "signedout", "signin", "you", "passkeys"} {
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if w.pages[name], err = t.ParseFS(templateFiles, "templates/"+name+".html"); err != nil {
			return nil, err
		}
	}
	w.assets, err = hashOf(staticFiles)
	return w, err
}

// hashOf changes with every file.
func hashOf(files fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, path)
		h.Write(b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:12], err
}

// Surface returns the pages.
func (w *Web) Surface() surface.Surface {
	get := func(path string, h echo.HandlerFunc) surface.Route { return surface.GET(path, w.mark(h)) }
	post := func(path string, h echo.HandlerFunc) surface.Route { return surface.POST(path, w.mark(h)) }
	return surface.Surface{
		Name: "pages", Prefixes: []string{""}, Via: access.ViaWeb, Authenticate: w.auth.Identify, Require: auth.RequirePage,
		RenderError: w.renderError,
		Routes: []surface.Route{
			surface.GET("/sign-in", w.signIn).Open(),
			surface.GET("/signed-out", func(c echo.Context) error { return w.render(c, http.StatusOK, "signedout", nil) }).Open(),
			get("/", w.home),
			get("/you", w.you),
			post("/you/sign-out", w.signOut),
			get("/inbox", w.inbox),
			get("/ask/:contract", w.askForm),
			post("/ask/:contract", w.ask),
			get("/you/passkeys", w.passkeys),
			post("/you/passkeys", w.enrol),
			get("/requests", w.requests),
			get("/requests/:id", w.request),
			post("/requests/:id/decision", w.decide),
			post("/requests/:id/extend", w.extend),
			post("/requests/:id/cancel", w.stop(w.app.Cancel)),
			post("/requests/:id/release", w.stop(w.app.Release)),
			post("/requests/:id/revoke", w.stop(w.app.Revoke)),
		},
	}
}

// StaticFiles returns what the pages load; it is for anybody.
func (w *Web) StaticFiles() surface.Surface {
	files, _ := fs.Sub(staticFiles, "static") // a constant directory
	serve := func(c echo.Context) error {
		if c.QueryParam("v") == w.assets {
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

// signIn lets people choose where they log in, where there are several places.
func (w *Web) signIn(c echo.Context) error {
	return w.render(c, http.StatusOK, "signin", struct {
		Choices     []string
		Next, Again string
	}{w.auth.LoginProviders(), c.QueryParam("next"), c.QueryParam("again")}) // login looks at where it leads
}

const afterKey = "after"

// mark notes the latest event before a page is made: whatever happens while it
// is made, or on its way, is after that, and the page's script hears of it.
func (w *Web) mark(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		n, err := w.app.LastEvent(c.Request().Context())
		if err != nil {
			return err
		}
		c.Set(afterKey, n)
		return next(c)
	}
}

// view is what every page has, around what is its own.
type view struct {
	Person  access.Person
	ToDo    int    // requests that wait for this person
	Here    string // path of this page
	Self    string // where this page is to be had again: an act's answer is its request's page
	After   int64  // the latest event that the page may show
	Assets  string
	Content any
}

func (w *Web) render(c echo.Context, status int, name string, content any) error {
	v := view{Person: auth.Person(c), Here: c.Request().URL.Path, Self: c.Request().URL.RequestURI(), Assets: w.assets, Content: content}
	v.After, _ = c.Get(afterKey).(int64)
	if r, ok := content.(requestPage); ok {
		v.Self = "/requests/" + r.ID
	}
	if v.Person.ID != "" && status < 500 {
		// A count that cannot be had is no reason to withhold the page.
		if items, _, err := w.app.Requests(c.Request().Context(), v.Person, app.Query{ToDecide: true, Limit: 99}); err == nil {
			v.ToDo = len(items)
		}
	}
	c.Response().Header().Set("Content-Type", "text/html; charset=utf-8")
	c.Response().WriteHeader(status)
	return w.pages[name].ExecuteTemplate(c.Response(), "layout.html", v)
}

// renderError writes an error as a page to browsers, and as JSON to programs.
func (w *Web) renderError(c echo.Context, p problem.Problem) error {
	if !strings.Contains(c.Request().Header.Get(echo.HeaderAccept), echo.MIMETextHTML) {
		return surface.RenderJSON(c, p)
	}
	return w.render(c, p.Status, "problem", p)
}
