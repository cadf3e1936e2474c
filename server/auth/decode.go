package auth

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// DecodePath is the only address to which another origin, the Temporal UI's,
// may send something with a person's cookie. What is sent there changes nothing.
const DecodePath = "/api/v1/codec/decode"

// Origin is what browsers call the site of an address; empty for none.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// CORS is middleware: it tells browsers that the Temporal UI, and nobody else,
// may send to DecodePath and read the answer.
func (a *Auth) CORS(next echo.HandlerFunc) echo.HandlerFunc {
	if a.TemporalUIOrigin == "" {
		return next
	}
	return middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper: func(c echo.Context) bool { return c.Request().URL.Path != DecodePath },
		// Not AllowOrigins, in which * and ? have a meaning.
		AllowOriginFunc: func(origin string) (bool, error) { return origin == a.TemporalUIOrigin, nil },
		AllowMethods:    []string{http.MethodPost}, AllowCredentials: true, MaxAge: 600,
		AllowHeaders: []string{echo.HeaderContentType, echo.HeaderAuthorization, "Authorization-Extras", "X-Namespace"},
	})(next)
}
