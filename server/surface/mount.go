package surface

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/server/limit"
)

// Limits are how fast callers may send requests, on all surfaces together.
type Limits struct {
	Address, Person *limit.Limiter
	Bulk            *limit.Limiter // of a person, for routes that are Bulk
	// PersonOf returns the human behind a request; "" for nobody.
	PersonOf func(c echo.Context) string
}

// Mount serves surfaces on a router, and writes every error of theirs.
func Mount(e *echo.Echo, limits Limits, log logrus.FieldLogger, list ...Surface) error {
	e.HTTPErrorHandler = renderer(list, log)
	// Addresses are limited before anybody is authenticated, which costs work, and
	// where there is no route too.
	e.Use(limited(limits.Address, func(c echo.Context) string {
		if Of(list, c.Request().URL.Path).Rate == Unlimited {
			return ""
		}
		return network(c.RealIP())
	}))
	for _, s := range list {
		chain, err := s.chain(limits)
		if err != nil {
			return err
		}
		for _, r := range s.Routes {
			s.add(e, r, chain, limits)
		}
	}
	return nil
}

// chain is what every request of the surface passes, in this order.
func (s Surface) chain(limits Limits) ([]echo.MiddlewareFunc, error) {
	chain := []echo.MiddlewareFunc{s.mark}
	if len(s.Origins) > 0 {
		chain = append(chain, s.cors())
	}
	if s.Rate == PerStranger {
		chain = append(chain, limits.ofStrangers)
	}
	chain = append(chain, middleware.BodyLimit(s.bodyLimit()))
	if !s.Tokens {
		csrf, err := s.refuseForged()
		if err != nil {
			return nil, err
		}
		chain = append(chain, csrf)
	}
	if s.Authenticate != nil {
		chain = append(chain, s.Authenticate)
	}
	if s.Rate == PerPerson {
		chain = append(chain, limited(limits.Person, limits.PersonOf))
	}
	return chain, nil
}

func (s Surface) bodyLimit() string {
	if s.BodyLimit == "" {
		return DefaultBodyLimit
	}
	return s.BodyLimit
}

// add adds a route; an echo group would take every unknown path and method in it. HEAD works wherever GET does (RFC 9110, 9.1).
func (s Surface) add(e *echo.Echo, r Route, chain []echo.MiddlewareFunc, limits Limits) {
	chain = slices.Clone(chain)
	if !r.Public && s.Require != nil {
		chain = append(chain, s.Require)
	}
	if r.Bulk {
		chain = append(chain, limits.inBulk)
	}
	e.Add(r.Method, r.Path, r.Handler, chain...)
	if r.Method == http.MethodGet {
		head := r.Handler
		if r.Stream {
			head = func(c echo.Context) error { return c.NoContent(http.StatusOK) }
		}
		e.Add(http.MethodHead, r.Path, head, chain...)
	}
	if len(s.Origins) > 0 { // the preflight of a browser
		e.Add(http.MethodOptions, r.Path, echo.NotFoundHandler, s.cors())
	}
}

func (s Surface) mark(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Set(viaKey, s.Via)
		return next(c)
	}
}
