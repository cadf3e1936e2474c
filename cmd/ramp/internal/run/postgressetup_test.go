package run

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/postgres"
	"ramp.dev/ramp/internal/localpostgres"
	"ramp.dev/ramp/internal/ports"
)

// TestPostgresSetup runs what the command prints with psql, twice, as an administrator of
// a server with two databases would; then the target's own check finds nothing wrong.
func TestPostgresSetup(t *testing.T) {
	dir, err := os.MkdirTemp("", "ramp-postgres-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := localpostgres.Start(t.Context(), localpostgres.Config{Dir: dir, Addr: ports.ForTest(t), Password: "superusers"})
	require.NoError(t, err)
	t.Cleanup(s.Kill)
	psql := func(script string) {
		cmd := exec.Command("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", s.URL(localpostgres.Superuser, "superusers", "postgres"))
		cmd.Stdin = strings.NewReader(script)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	psql("CREATE DATABASE orders; CREATE DATABASE \"Billing-1\"; CREATE ROLE \"odd role; --'\";")
	home := t.TempDir()
	file := filepath.Join(home, "ramp.yaml")
	require.NoError(t, os.WriteFile(filepath.Join(home, "password"), []byte("ramps"), 0o600))
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `worker:
  targets:
    postgres/orders:
      kind: postgres
      address: %s
      tls: disable
      password: file:password
      home: orders
      databases:
        orders: {tables: {sales.orders: [select]}}
        Billing-1: {}
      roles: ["odd role; --'"]
`, s.Addr()), 0o600))
	run := func(args ...string) (string, error) {
		c := postgresSetupCommand()
		var out bytes.Buffer
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(append(args, "--config", file))
		err := c.Execute()
		return out.String(), err
	}
	script, err := run()
	require.NoError(t, err, script)
	psql(script)
	script, err = run("postgres/orders")
	require.NoError(t, err, script)
	psql(script + "ALTER ROLE ramp PASSWORD 'ramps';")
	_, err = run("postgres/other")
	require.ErrorContains(t, err, "it has: postgres/orders")
	c, err := config.Load(file)
	require.NoError(t, err)
	name, server, err := targetOf[postgres.Config](c, "postgres", nil)
	require.NoError(t, err)
	target, err := server.Open(t.Context(), name)
	require.NoError(t, err)
	require.NoError(t, integrations.Guard(target).Ping(t.Context()), "what ramp doctor asks")
}
