package surface

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"ramp.dev/ramp/access"
)

// loopback are the names of this machine; to browsers they are different sites.
var loopback = []string{"localhost", "127.0.0.1", "[::1]"}

// Origins returns the origins of the site at an address, as browsers name them;
// none where it is no web address. A site on this machine has one for each of
// its names.
func Origins(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	hosts, port := []string{u.Host}, ""
	if u.Port() != "" {
		port = ":" + u.Port()
	}
	if slices.ContainsFunc(loopback, func(name string) bool { return u.Host == name+port }) {
		hosts = hosts[:0]
		for _, name := range loopback {
			hosts = append(hosts, name+port)
		}
	}
	for i := range hosts {
		hosts[i] = u.Scheme + "://" + hosts[i]
	}
	return hosts
}

// cors tells browsers that the pages of Origins, and of no other site, may send
// here and read the response.
func (s Surface) cors() echo.MiddlewareFunc {
	return middleware.CORSWithConfig(middleware.CORSConfig{
		// Not AllowOrigins, in which * and ? have a meaning.
		AllowOriginFunc: func(origin string) (bool, error) { return slices.Contains(s.Origins, origin), nil },
		AllowMethods:    []string{http.MethodPost}, AllowCredentials: true, MaxAge: 600,
		AllowHeaders: []string{echo.HeaderContentType, echo.HeaderAuthorization, "Authorization-Extras", "X-Namespace"},
	})
}

// refuseForged refuses what another site's page sends with a person's cookie
// (CSRF). A request with a token needs no cookie, and no page of another site
// can add one.
func (s Surface) refuseForged() (echo.MiddlewareFunc, error) {
	protection := http.NewCrossOriginProtection()
	for _, o := range s.Origins {
		if err := protection.AddTrustedOrigin(o); err != nil {
			return nil, access.Errorf(access.CodeInvalid, "an origin of the %s: %w", s.Name, err)
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Request().Header.Get(echo.HeaderAuthorization) == "" && protection.Check(c.Request()) != nil {
				return &access.Error{Code: access.CodeForbidden, Issues: []access.Issue{{Code: "cross_origin",
					Message: "this was sent from another site's page"}}}
			}
			return next(c)
		}
	}, nil
}
