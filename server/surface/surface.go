// Package surface is what the pages, the API, SCIM and the codec endpoint have
// in common: a set of addresses with one way of authentication, one set of limits
// and one form of errors. A package returns its Surface; Mount serves a list of
// them. What holds for one address and not for its neighbour is declared here,
// so that no middleware needs to know a path.
package surface

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/problem"
)

// Surface is a set of addresses that are alike. The zero value of each field is
// the strict one.
type Surface struct {
	Name string
	// Prefixes begin its addresses, without a last slash. Of several surfaces
	// that an address could belong to, the longest prefix decides, so that "" is
	// whatever no other has.
	Prefixes []string
	Routes   []Route

	// Authenticate sets who sent a request in its context; nil where that is not
	// needed. Require refuses strangers on every route that is not Public.
	Authenticate, Require echo.MiddlewareFunc
	Via                   access.Via // what acts through it are recorded with

	Rate      Rate
	BodyLimit string // of one request, such as 2M; "" is DefaultBodyLimit
	// Tokens says that no cookie counts here, so that no browser can be used by
	// another site's page (CSRF). Elsewhere such requests are refused.
	Tokens bool
	// Origins are sites beside Ramp's own whose pages may send with a cookie, and
	// read the response (CORS).
	Origins []string

	// RenderError writes a problem; nil is JSON.
	RenderError func(c echo.Context, p problem.Problem) error
}

// Route is one address and what it does.
type Route struct {
	Method, Path string // the path as echo writes it, such as /requests/:id
	Handler      echo.HandlerFunc
	Public       bool // for anybody, known or not
	Stream       bool // its response has no end: HEAD does not call Handler
	// Bulk says that who may read it reads thousands, each of which is cheap: what was served
	// counts against the caller's limit of those, while that lasts, and not against the others.
	Bulk bool
}

// Rate is what counts against the limits of how fast one caller may send
// requests.
type Rate int

const (
	PerPerson  Rate = iota // the caller's address, and the person
	PerAddress             // the address alone: callers are no people
	Unlimited              // nothing; for health, which a busy address must not hide
	// PerStranger is the address alone, and what the handler finds to be Proven counts for
	// nothing: a service sends all its messages from a few addresses, and does not send again
	// what was refused.
	PerStranger
)

// DefaultBodyLimit fits the largest body, a request for access with its reason.
const DefaultBodyLimit = "64K"

// covers reports whether the address is below a prefix of the surface, and how
// long that prefix is.
func (s Surface) covers(path string) (length int, ok bool) {
	length = -1
	for _, p := range s.Prefixes {
		if p == "" || path == p || strings.HasPrefix(path, p+"/") {
			length = max(length, len(p))
		}
	}
	return length, length >= 0
}

// Of returns the surface that an address belongs to.
func Of(list []Surface, path string) Surface {
	var found Surface
	longest := -1
	for _, s := range list {
		if n, ok := s.covers(path); ok && n > longest {
			found, longest = s, n
		}
	}
	return found
}

// GET returns a route that shows something.
func GET(path string, h echo.HandlerFunc) Route {
	return Route{Method: http.MethodGet, Path: path, Handler: h}
}

// POST returns a route that does something.
func POST(path string, h echo.HandlerFunc) Route {
	return Route{Method: http.MethodPost, Path: path, Handler: h}
}

// Open returns the route, for anybody.
func (r Route) Open() Route {
	r.Public = true
	return r
}

const viaKey = "via"

// provenKey is set where a request is proven to come from whom the surface is for.
const provenKey = "proven"

// Proven says that the sender of a request is proven, by a signature over its body. It counts
// on surfaces whose Rate is PerStranger.
func Proven(c echo.Context) { c.Set(provenKey, true) }

// Via returns through which surface a request came.
func Via(c echo.Context) access.Via {
	v, _ := c.Get(viaKey).(access.Via)
	return v
}
