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
	"ramp.dev/ramp/integrations/mysql"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
)

// TestMySQLSetup runs what the command prints with MariaDB's client, twice, as an
// administrator would; then the target's own check finds nothing wrong.
func TestMySQLSetup(t *testing.T) {
	s := mysqltest.Start(t)
	mariadb := func(script string) {
		cmd := exec.Command("mariadb", "--no-defaults", "-u", "root", "--protocol=socket", "--socket="+s.File("s"))
		cmd.Stdin = strings.NewReader(script)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	mariadb("CREATE ROLE `odd role; --'$$`;")
	home := t.TempDir()
	file := filepath.Join(home, "ramp.yaml")
	require.NoError(t, os.WriteFile(filepath.Join(home, "password"), []byte("ramps"), 0o600))
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `worker:
  targets:
    mysql/orders:
      kind: mysql
      address: %s
      tls: disable
      password: file:password
      objects: {sales.orders: [select], sales_1.*: [select, insert]}
      roles: ["odd role; --'$$", orders_read]
`, s.Addr()), 0o600))
	run := func(args ...string) (string, error) {
		c := mysqlSetupCommand()
		var out bytes.Buffer
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(append(args, "--config", file))
		err := c.Execute()
		return out.String(), err
	}
	script, err := run()
	require.NoError(t, err, script)
	mariadb(script)
	script, err = run("mysql/orders")
	require.NoError(t, err, script)
	mariadb(script + "SET PASSWORD FOR ramp = PASSWORD('ramps');")
	_, err = run("mysql/other")
	require.ErrorContains(t, err, "it has: mysql/orders")
	c, err := config.Load(file)
	require.NoError(t, err)
	name, server, err := targetOf[mysql.Config](c, "mysql", nil)
	require.NoError(t, err)
	target, err := server.Open(t.Context(), name)
	require.NoError(t, err)
	require.NoError(t, integrations.Guard(target).Ping(t.Context()), "what ramp doctor asks")
}
