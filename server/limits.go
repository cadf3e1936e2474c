package server

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/limit"
)

// LimitsConfig bounds how fast one caller may ask. Zero fields are the defaults.
type LimitsConfig struct {
	Person  limit.Rate `yaml:"person,omitempty"`  // 10 a second, 100 at once
	Address limit.Rate `yaml:"address,omitempty"` // 50 a second, 300 at once: an office may be one address
	// TrustedProxies are networks (CIDR) whose X-Forwarded-For is believed.
	// None by default: anybody can write that header.
	TrustedProxies []string `yaml:"trustedProxies,omitempty"`
}

func (c LimitsConfig) withDefaults() LimitsConfig {
	for r, d := range map[*limit.Rate]limit.Rate{&c.Person: {PerSecond: 10, Burst: 100}, &c.Address: {PerSecond: 50, Burst: 300}} {
		if r.PerSecond <= 0 {
			r.PerSecond = d.PerSecond
		}
		if r.Burst <= 0 {
			r.Burst = d.Burst
		}
	}
	return c
}

// callerAddress says where a request comes from: the connection's other end,
// or what a trusted proxy there says.
func (c LimitsConfig) callerAddress() echo.IPExtractor {
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, cidr := range c.TrustedProxies {
		if _, n, err := net.ParseCIDR(cidr); err == nil { // checked with the configuration
			trust = append(trust, echo.TrustIPRange(n))
		}
	}
	if len(c.TrustedProxies) == 0 {
		return echo.ExtractIPDirect()
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// network is what one caller holds: an address, or the 64 bits of an IPv6
// network, since whoever has one address there has them all.
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

// limitAddresses comes before anybody is identified, which costs work too.
func limitAddresses(l *limit.Limiter) echo.MiddlewareFunc {
	return limited(l, func(c echo.Context) string { return network(c.RealIP()) })
}

// limitPeople counts an agent as the human it acts for.
func limitPeople(l *limit.Limiter) echo.MiddlewareFunc {
	return limited(l, func(c echo.Context) string { return auth.Person(c).HumanID() })
}

// limited refuses callers that ask too fast. Nobody ("") is not limited here,
// and neither is health, which a busy address must not hide.
func limited(l *limit.Limiter, caller func(echo.Context) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			who := caller(c)
			if who == "" || c.Path() == "/healthz" || c.Path() == "/readyz" {
				return next(c)
			}
			ok, wait := l.Allow(who, time.Now())
			if ok {
				return next(c)
			}
			seconds := strconv.Itoa(int(wait.Seconds()))
			c.Response().Header().Set("Retry-After", seconds)
			return &access.Error{Code: access.CodeThrottled, Issues: []access.Issue{{Code: "too_many_requests",
				Message: "too many requests in a short time; wait " + seconds + " s"}}}
		}
	}
}

// timeouts keep slow clients from holding what others need.
type timeouts struct{ header, read, write, idle time.Duration }

var usual = timeouts{
	header: 5 * time.Second,
	read:   15 * time.Second,
	write:  45 * time.Second, // longer than any call to Temporal
	idle:   2 * time.Minute,
}

// maxHeader bounds all headers of a request: a token of many groups fits.
const maxHeader = 32 << 10

func (t timeouts) server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: t.header, ReadTimeout: t.read, WriteTimeout: t.write,
		IdleTimeout: t.idle, MaxHeaderBytes: maxHeader}
}
