package credential

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
	"ramp.dev/ramp/internal/testcert"
)

// TestMySQLClients runs the real clients as `ramp exec` does, on a machine whose user has
// an option file and variables for somebody else's account: they get in as the grant,
// over TLS with a certificate that is verified, and not after its end.
func TestMySQLClients(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ".my.cnf"), []byte("[client]\nuser=root\npassword=mine\nhost=elsewhere.example\n"), 0o600))
	s, authority := mysqltest.StartTLS(t)
	config := s.Config()
	config.TLS, config.CAFile = "verify-full", field.File(authority)
	s.Setup(t, config)
	target, err := config.Open(t.Context(), "mysql/test")
	require.NoError(t, err)
	guarded := integrations.Guard(target)
	id := access.NewRequestID()
	g := access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "mysql/test", Principal: "alice@example.com",
		Entitlement: access.Entitlement{"objects": []any{"sales.orders"}, "privileges": []any{"select"}}, ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
	require.NoError(t, guarded.Grant(t.Context(), g))
	cred, err := guarded.Mint(t.Context(), g)
	require.NoError(t, err)
	client := func(cred access.Credential, argv ...string) (string, error) {
		session, err := Open(cred)
		require.NoError(t, err)
		defer session.Close()
		argv = Argv(argv, session.Cred)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = Environ(session.Cred, append(os.Environ(), "HOME="+home, "MYSQL_PWD=mine", "MYSQL_HOST=elsewhere.example"), session.Env)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, program := range []string{"mariadb", "mysql"} {
		out, err := client(cred, program, "-N", "-e", "SELECT CURRENT_USER() LIKE '"+g.Name+"-%', DATABASE(), what FROM orders; SHOW STATUS LIKE 'Ssl_cipher'")
		require.NoError(t, err, "%s", out)
		require.Contains(t, out, "1\tsales\ta book")
		require.Regexp(t, `Ssl_cipher\tTLS`, out)
	}
	out, err := client(cred, "mariadb-dump", "--no-tablespaces", "--skip-lock-tables", "sales", "orders")
	require.NoError(t, err, "%s", out)
	require.Contains(t, out, "a book")
	stranger, err := os.ReadFile(testcert.New(t).Authority)
	require.NoError(t, err)
	other := cred
	other.Files = map[string]string{"ca.pem": string(stranger)}
	out, err = client(other, "mariadb", "-e", "SELECT 1")
	require.Error(t, err)
	require.Contains(t, strings.ToLower(out), "certificate", "a server that nobody vouches for")
	elsewhere := cred
	elsewhere.Env = maps.Clone(cred.Env)
	elsewhere.Env["MYSQL_HOST"] = "localhost"
	out, err = client(elsewhere, "mariadb", "-e", "SELECT 1")
	require.Error(t, err, "a server whose certificate is for another name: %s", out)
	require.NoError(t, guarded.Revoke(t.Context(), g))
	out, err = client(cred, "mariadb", "-e", "SELECT 1")
	require.Error(t, err, "%s", out)
}
