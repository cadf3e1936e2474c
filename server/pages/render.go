package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
	"ramp.dev/ramp/server/surface"
)

// shared are the templates that every page is made of.
var shared = []string{"templates/layout.html", "templates/parts.html", "templates/charts.html"}

// parseTemplates returns each page's template, together with the shared ones.
func parseTemplates(files fs.FS) (map[string]*template.Template, error) {
	base, err := template.New("layout.html").Funcs(functions).ParseFS(files, shared...)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	out := map[string]*template.Template{}
	for _, file := range names {
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if t, err = t.ParseFS(files, file); err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return out, nil
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

// show serves a page.
func (p *Pages) show(one page) echo.HandlerFunc {
	show := func(c echo.Context) error {
		content, err := one.Content(c)
		if err != nil {
			return err
		}
		return p.render(c, http.StatusOK, one.Name, content)
	}
	if one.Public {
		return show
	}
	return p.mark(show)
}

const afterKey = "after"

// mark notes the latest event before a page is made: whatever happens while it
// is made, or on its way, is after that, and the page's script hears of it.
func (p *Pages) mark(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		n, err := p.app.LastEvent(c.Request().Context())
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
	Nav     []navItem
	ToDo    int    // requests that wait for this person
	Self    string // where this page can be loaded again
	After   int64  // the latest event that the page may show
	Assets  string
	Content any
}

type navItem struct {
	Path, Name string
	Current    bool
	Count      int // shown beside the name; 0 is not
}

// render writes a page that is loaded again at the address of this request.
func (p *Pages) render(c echo.Context, status int, name string, content any) error {
	return p.renderAs(c, status, name, content, c.Request().URL.RequestURI())
}

// renderAs writes a page that is loaded again at self: the page after a form is
// not at the form's own address.
func (p *Pages) renderAs(c echo.Context, status int, name string, content any, self string) error {
	v := view{Person: auth.Person(c), Self: self, Assets: p.assets, Content: content}
	v.After, _ = c.Get(afterKey).(int64)
	if v.Person.ID != "" {
		if status < http.StatusInternalServerError {
			// A count that cannot be had is no reason to withhold the page.
			v.ToDo, _ = p.app.CountWaiting(c.Request().Context(), v.Person)
		}
		v.Nav = p.nav(c.Request().URL.Path, v.ToDo, readers{Operator: p.app.SeesAll(v.Person), Auditor: p.app.ReadsLog(v.Person), Reviews: p.app.ReadsReviews(v.Person)})
	}
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().WriteHeader(status)
	return p.templates[name].ExecuteTemplate(c.Response(), "layout.html", v)
}

// readers says what part somebody has in what concerns everybody.
type readers struct{ Operator, Auditor, Reviews bool }

// nav is the main navigation as it is at a path, with what only operators, auditors and
// readers of reviews need.
func (p *Pages) nav(here string, toDo int, who readers) []navItem {
	var out []navItem
	for _, one := range p.pages() {
		if one.Nav == "" || (one.Operate || one.Audit) && !(one.Operate && who.Operator) && !(one.Audit && who.Auditor) || one.Review && !who.Reviews {
			continue
		}
		item := navItem{Path: one.Path, Name: one.Nav, Current: one.Path == here}
		if one.Name == "inbox" {
			item.Count = toDo
		}
		out = append(out, item)
	}
	return out
}

// RenderError writes an error as a page to browsers, and as JSON to programs. It is also for
// other surfaces that browsers reach.
func (p *Pages) RenderError(c echo.Context, pr problem.Problem) error {
	if !strings.Contains(c.Request().Header.Get(echo.HeaderAccept), echo.MIMETextHTML) {
		return surface.RenderJSON(c, pr)
	}
	if content, ok := sessionOver(c, pr); ok {
		return p.renderAs(c, pr.Status, "sessionover", content, content.Page)
	}
	if noRoute(pr.Status) && auth.Person(c).ID == "" {
		// No route has looked who asks. Whom this cannot say is nobody to the page, and nothing
		// more: what is not there is no reason for another error.
		_ = p.auth.Identify(func(echo.Context) error { return nil })(c)
	}
	return p.render(c, pr.Status, "problem", pr)
}

// noRoute reports whether a problem is that there is no page at an address. All others are found
// once it is known who asks, or are not to cost that work: too many requests, forms of other
// sites.
func noRoute(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed
}
