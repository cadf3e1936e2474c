package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/surface"
)

// mount serves the surfaces. What is set here holds for every address; all else
// is each surface's own.
func (s *Server) mount(list []surface.Surface) (*echo.Echo, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	limits := s.config.Limits.withDefaults()
	e.IPExtractor = limits.callerAddress()
	e.Use(s.observe, middleware.RecoverWithConfig(middleware.RecoverConfig{DisableErrorHandler: true, DisablePrintStack: true}),
		secure(s.config.URL))
	return e, surface.Mount(e, surface.Limits{
		Address: limit.New(limits.Address), Person: limit.New(limits.Person), Bulk: limit.New(limits.Log),
		// An agent counts as the human for whom it acts.
		PersonOf: func(c echo.Context) string { return auth.Person(c).HumanID() },
	}, s.log, list...)
}

// health is for load balancers and orchestrators: no limits, no people.
func (s *Server) health() surface.Surface {
	return surface.Surface{
		Name: "health", Prefixes: []string{"/healthz", "/readyz"}, Rate: surface.Unlimited, Tokens: true,
		Routes: []surface.Route{
			surface.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }).Open(),
			surface.GET("/readyz", s.ready).Open(),
		},
	}
}

// observe logs and measures each request. Neither queries nor headers are logged:
// a login's code and tokens travel there.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took, status := time.Since(began), c.Response().Status
		s.requests.observe(c, took)
		s.log.WithFields(logrus.Fields{"method": c.Request().Method, "path": access.Clip(c.Request().URL.Path, 200), "status": status,
			"ms": took.Milliseconds(), "person": auth.Person(c).ID, "via": surface.Via(c)}).Debug("request")
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
