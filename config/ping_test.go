package config

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/server/decisionhook"
	"ramp.dev/ramp/server/tickethook"
	"ramp.dev/ramp/workflows"
)

// pinged are the issues that Ping finds, each as a line.
func pinged(t *testing.T, c Config, p Parts) string {
	t.Helper()
	var lines []string
	for _, is := range c.Ping(t.Context(), p) {
		lines = append(lines, is.String())
	}
	return strings.Join(lines, "\n")
}

// TestPing: each service that is away, or lacks something, is named at its place;
// what the other process needs is not asked.
func TestPing(t *testing.T) {
	a := newAuthority(t)
	f := newFrontend(t, a, nil, local)
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.URL})
	}))
	defer issuer.Close()
	path := configFile(t, goodConfig)
	c, err := Load(path)
	require.NoError(t, err)
	c.Ledger = Ledger{URL: field.ParseURL("sqlite:" + filepath.Join(t.TempDir(), "ledger.db"))}
	c.Temporal = Temporal{Address: f.address, Namespace: "default", TLS: &TLS{CAFile: a.path("ca.pem")}}
	c.Server.Identity.Issuer = issuer.URL
	server := Parts{Server: true}

	f.attributes = workflows.SearchAttributes()
	require.Empty(t, pinged(t, c, server))
	_, err = os.Stat(strings.TrimPrefix(c.Ledger.URL.Reveal(), "sqlite:"))
	require.ErrorIs(t, err, os.ErrNotExist, "it makes no database")

	c.Server.Facts = map[string]facts.Config{"jira": {Kind: "file", File: "/none/facts.yaml"}, "oncall": {Kind: "file", File: field.File(filepath.Join(t.TempDir(), "rota.yaml"))}}
	require.NoError(t, os.WriteFile(string(c.Server.Facts["oncall"].File), []byte("onCal: {}\n"), 0o600))
	found := pinged(t, c, server)
	require.Contains(t, found, "server.facts.jira: open /none/facts.yaml: no such file or directory")
	require.Contains(t, found, `server.facts.oncall: `)
	require.Contains(t, found, `unknown field "onCal"`)
	c.Server.Facts = nil

	t.Setenv("RAMP_TEST_DECISIONS", "hunter2")
	c.Server.Decisions = decisionhook.Config{Name: "ServiceNow", Secrets: []field.Secret{field.SecretEnv("RAMP_TEST_DECISIONS")}}
	require.Contains(t, pinged(t, c, server), "server.decisions: env:RAMP_TEST_DECISIONS is not whsec_ and 24 to 64 bytes in base64")
	c.Server.Decisions = decisionhook.Config{}
	c.Server.Tickets = tickethook.Config{GitHub: tickethook.System{Secrets: []field.Secret{field.SecretEnv("RAMP_TEST_DECISIONS")}}}
	require.Contains(t, pinged(t, c, server), "server.tickets: a webhook's secret of server.tickets has fewer than 20 characters")
	c.Server.Tickets = tickethook.Config{}

	delete(f.attributes, "RampState")
	require.Contains(t, pinged(t, c, server), ":3:1: temporal: the namespace default has no search attributes RampState; deploy/namespace.sh makes them")
	c.Temporal.Namespace = "elsewhere"
	require.Contains(t, pinged(t, c, server), "namespace elsewhere: ")
	c.Temporal.Address = "127.0.0.1:1"
	require.Contains(t, pinged(t, c, server), "Temporal at 127.0.0.1:1: ")

	issuer.Close()
	c.Server.SCIM.Token = field.SecretFile("/none")
	c.Ledger = Ledger{URL: field.ParseURL("postgres://ramp:hunter2@127.0.0.1:1/ramp")}
	found = pinged(t, c, server)
	for _, want := range []string{"server.identity.issuer: the identity provider does not answer", "server.scim.token: open /none", ":2:3: ledger.url: "} {
		require.Contains(t, found, want)
	}
	require.NotContains(t, found, "hunter2")
	require.NotContains(t, found, "worker.targets")

	found = pinged(t, c, Parts{Worker: true})
	require.Contains(t, found, ":16:5: worker.targets.vault/main.eu: ")
	require.Contains(t, found, "worker.targets.vault/main.eu.token: env:VAULT_TOKEN_RAMP: the environment has no such variable")
	require.NotContains(t, found, "server.")
}
