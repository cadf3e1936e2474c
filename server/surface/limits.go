package surface

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/limit"
)

// limited refuses callers that send too many requests; "" is not limited.
func limited(l *limit.Limiter, caller func(echo.Context) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			who := caller(c)
			if who == "" {
				return next(c)
			}
			ok, wait := l.Allow(who, time.Now())
			if ok {
				return next(c)
			}
			seconds := strconv.Itoa(int(wait.Seconds()))
			c.Response().Header().Set(echo.HeaderRetryAfter, seconds)
			return &access.Error{Code: access.CodeThrottled, Issues: []access.Issue{{Code: "too_many_requests",
				Message: "too many requests in a short time; wait " + seconds + " s"}}}
		}
	}
}

// inBulk gives what a request took from the limits of its address and its person back once
// it was served, and takes it from the person's limit of bulk instead, while that lasts. Who
// is refused, or asks for what is not there, is slowed down as everywhere; that something was
// dropped by policy is a response too, which a reader of the log has for each part of it.
func (l Limits) inBulk(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil && access.CodeOf(err) != access.CodeTooLate {
			return err
		}
		who, now := l.PersonOf(c), time.Now()
		if who == "" {
			return err
		}
		if ok, _ := l.Bulk.Allow(who, now); ok {
			l.Person.Return(who, now)
			l.Address.Return(network(c.RealIP()), now)
		}
		return err
	}
}

// ofStrangers gives what a request took from the limit of its address back where its sender is
// Proven.
func (l Limits) ofStrangers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if c.Get(provenKey) != nil {
			l.Address.Return(network(c.RealIP()), time.Now())
		}
		return err
	}
}

// network is what one caller holds: an address, or the 64 bits of an IPv6
// network, since anybody who has one address there has them all.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	if a = a.Unmap(); a.Is6() {
		p, _ := a.Prefix(64)
		return p.String()
	}
	return a.String()
}
