package server

import (
	"net"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/server/limit"
)

// LimitsConfig bounds how fast one caller may send requests. Zero fields are the
// defaults.
type LimitsConfig struct {
	Person  limit.Rate `yaml:"person,omitempty"`  // 10 a second, 100 at once
	Address limit.Rate `yaml:"address,omitempty"` // 50 a second, 300 at once: an office may be one address
	// Log is how fast an auditor may read tiles of the log beside everything else: 40 a second,
	// 4096 at once, which are a million events.
	Log limit.Rate `yaml:"log,omitempty"`
	// TrustedProxies are networks (CIDR) whose X-Forwarded-For is believed.
	// None by default: anybody can write that header.
	TrustedProxies []string `yaml:"trustedProxies,omitempty"`
}

func (c LimitsConfig) withDefaults() LimitsConfig {
	c.Person, c.Address, c.Log = c.Person.Or(10, 100), c.Address.Or(50, 300), c.Log.Or(40, 4096)
	return c
}

// callerAddress returns where a request comes from: the connection's other end,
// or what a trusted proxy there has forwarded.
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
