package server

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/api"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/problem"
	"ramp.dev/ramp/server/scim"
	"ramp.dev/ramp/server/web"
)

// maxBody bounds every body: the largest is a request with its reason. Only
// what the Temporal UI wants decoded is larger: Temporal takes payloads of 2 MB.
const (
	maxBody    = "64K"
	maxPayload = "4M"
)

func bounded(next echo.HandlerFunc) echo.HandlerFunc {
	usual, payloads := middleware.BodyLimit(maxBody)(next), middleware.BodyLimit(maxPayload)(next)
	return func(c echo.Context) error {
		if c.Path() == auth.DecodePath {
			return payloads(c)
		}
		return usual(c)
	}
}

var answers = promauto.NewHistogramVec(prometheus.HistogramOpts{
	Name: "ramp_http_answer_seconds", Help: "How long answers took, by route and status.",
	Buckets: []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 5, 15},
}, []string{"method", "route", "status"})

func (s *Server) routes(identity *auth.Auth, a *api.API, pages *web.Web) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.answerError(pages)
	limits := s.config.Limits.withDefaults()
	e.IPExtractor = limits.callerAddress()
	e.Use(s.observe, middleware.RecoverWithConfig(middleware.RecoverConfig{DisableErrorHandler: true, DisablePrintStack: true}),
		secure(s.config.URL), identity.CORS, limitAddresses(limit.New(limits.Address)), unless(scim.Path, bounded))
	e.GET("/healthz", healthy)
	e.GET("/readyz", s.ready)
	e.Use(unless(scim.Path, identity.Identify), limitPeople(limit.New(limits.Person)))
	identity.Routes(e)
	a.Routes(e)
	pages.Routes(e)
	return e
}

// unless leaves a middleware out below a path, which has its own.
func unless(path string, m echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		with := m(next)
		return func(c echo.Context) error {
			if strings.HasPrefix(c.Path(), path+"/") {
				return next(c)
			}
			return with(c)
		}
	}
}

// answerError answers every error, as a problem to programs and as a page to
// people. What is internal is logged, and told to nobody.
func (s *Server) answerError(pages *web.Web) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		p := problem.From(err)
		if p.Status >= 500 {
			s.log.WithError(err).WithFields(logrus.Fields{"method": c.Request().Method, "route": c.Path()}).Error("answered with a failure")
		}
		switch p.Status {
		case http.StatusMethodNotAllowed:
			p.Detail = "this address takes " + strings.TrimPrefix(c.Response().Header().Get("Allow"), "OPTIONS, ")
		case http.StatusUnauthorized:
			c.Response().Header().Set("WWW-Authenticate", challenge(p))
		case http.StatusServiceUnavailable, http.StatusTooManyRequests:
			if c.Response().Header().Get("Retry-After") == "" {
				c.Response().Header().Set("Retry-After", "2")
			}
		}
		if !strings.HasPrefix(c.Request().URL.Path, "/api/") && strings.Contains(c.Request().Header.Get("Accept"), "text/html") {
			if pages.Problem(c, p) == nil {
				return
			}
		}
		c.Response().Header().Set("Content-Type", problem.ContentType)
		_ = c.JSON(p.Status, p)
	}
}

// challenge says what credentials would do: for a login that is too old, in the
// words of RFC 9470.
func challenge(p problem.Problem) string {
	c := `Bearer realm="ramp"`
	if p.MaxAge > 0 {
		c += fmt.Sprintf(`, error="insufficient_user_authentication", error_description="a newer login is needed", max_age="%d"`, p.MaxAge)
	}
	return c
}

// observe logs and measures each answer. Neither queries nor headers are
// logged: a login's code and tokens travel there.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took, status := time.Since(began), c.Response().Status
		route := c.Path()
		if route == "" {
			route = "none"
		}
		answers.WithLabelValues(c.Request().Method, route, http.StatusText(status)).Observe(took.Seconds())
		s.log.WithFields(logrus.Fields{"method": c.Request().Method, "path": access.Clip(c.Request().URL.Path, 200), "status": status,
			"ms": took.Milliseconds(), "person": auth.Person(c).ID}).Debug("answered")
		return nil
	}
}

// secure sets the headers that keep other sites, and scripts that are not
// ours, away from the pages.
func secure(base string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "+
				"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
			h.Set("Cache-Control", "no-store")
			if strings.HasPrefix(base, "https:") {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			return next(c)
		}
	}
}
