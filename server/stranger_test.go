package server

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/tickethook"
)

// TestCase123UnsignedMessagesAreSlowed: what nobody signed counts against the limit of its
// address, on each address for ticket systems; what is signed does not.
func TestCase123UnsignedMessagesAreSlowed(t *testing.T) {
	for _, via := range []access.Via{access.ViaJira, access.ViaGitHub} {
		t.Setenv("RAMP_TEST_TICKETS", ticketSecret)
		f := &ticketFixture{fixture: newFixture(t, func(c *Config) {
			secret := []field.Secret{field.SecretEnv("RAMP_TEST_TICKETS")}
			c.Tickets = tickethook.Config{GitHub: tickethook.System{Secrets: secret}, Jira: tickethook.System{Site: "acme.atlassian.net", Secrets: secret}}
			file := filepath.Join(t.TempDir(), "facts.yaml")
			require.NoError(t, os.WriteFile(file, []byte("tickets:\n  OPS-42: {open: true}\n"), 0o600))
			tickets := facts.Config{Kind: "file", File: field.File(file)}
			c.Facts = map[string]facts.Config{"jira": tickets, "github": tickets}
			c.Limits.Address = limit.Rate{PerSecond: 0.001, Burst: 5}
		})}
		for range 12 {
			require.Equal(t, http.StatusNoContent, f.sends(via, ticketSecret, `{}`))
		}
		for range 5 {
			require.Equal(t, http.StatusUnauthorized, f.sends(via, "another secret", `{}`))
		}
		require.Equal(t, http.StatusTooManyRequests, f.sends(via, "another secret", `{}`))
	}
}
