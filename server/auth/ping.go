package auth

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// Ping asks every provider for its metadata, as the first login does. Each has
// 10 s.
func (c Config) Ping() (issues access.Issues) {
	for i, is := range c.issuers() {
		field := "server.identity.issuer"
		if len(c.Issuers) > 0 {
			field = fmt.Sprintf("server.identity.issuers[%d].issuer", i)
		}
		if _, err := newProvider(is).discover(); err != nil {
			issues.Add("issuer_unavailable", field, "%s", err)
		}
	}
	return issues
}
