// Package postgrestest runs a real Postgres for tests of the target, with a database that
// has something in it, set up as an administrator would.
package postgrestest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/postgres"
	"ramp.dev/ramp/internal/localpostgres"
	"ramp.dev/ramp/internal/ports"
)

const (
	password     = "superusers-own-password"
	rampPassword = "ramps-own-password" // #nosec G101 -- of a test's server, which is gone with the test
)

// Server is one running server. Database orders has sales.orders, sales.refunds, a table with a
// hostile name, and the roles orders_read and orders_write; billing has nothing.
type Server struct {
	*localpostgres.Server
	passwordFile string
}

// HostileTable is the name of a table, and HostileRole that of a role, as nobody should
// call one.
const (
	HostileTable = `hostile."or""ders; drop table x --"`
	HostileRole  = `read "all"; drop role x; --'`
)

// world is in database orders.
const world = `
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id int PRIMARY KEY, what text);
INSERT INTO sales.orders VALUES (1, 'a book');
CREATE TABLE sales.refunds (id int PRIMARY KEY);
CREATE SCHEMA workshop;
CREATE SCHEMA hostile;
CREATE TABLE hostile."or""ders; drop table x --" (id int);
CREATE ROLE orders_read;
CREATE ROLE orders_write;
CREATE ROLE admins CREATEROLE;
CREATE ROLE carol LOGIN;
CREATE ROLE "read ""all""; drop role x; --'";
GRANT USAGE ON SCHEMA sales TO orders_read, orders_write, "read ""all""; drop role x; --'";
GRANT SELECT ON sales.orders TO orders_read, orders_write, "read ""all""; drop role x; --'";
GRANT INSERT, UPDATE ON sales.orders TO orders_write;
GRANT USAGE, CREATE ON SCHEMA workshop TO orders_write;
`

// Start runs a server until the test ends. Without Postgres on the machine the test fails.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	// Not t.TempDir: as root, the server runs as another user, who must reach its directory.
	dir, err := os.MkdirTemp("", "ramp-postgres-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	inner, err := localpostgres.Start(t.Context(), localpostgres.Config{Dir: dir, Addr: ports.ForTest(t), Password: password, Settings: settings})
	require.NoError(t, err)
	t.Cleanup(inner.Kill)
	s := &Server{Server: inner, passwordFile: filepath.Join(t.TempDir(), "password")}
	require.NoError(t, os.WriteFile(s.passwordFile, []byte(rampPassword+"\n"), 0o600))
	s.Exec(t, "postgres", "CREATE DATABASE orders", "CREATE DATABASE billing")
	s.Exec(t, "orders", world)
	return s
}

// Config is a configuration of a target on this server. What it may give is in Setup.
func (s *Server) Config() postgres.Config { return s.ConfigAt(s.Addr()) }

// ConfigAt is Config for a server that is reached at another address, as through a proxy.
func (s *Server) ConfigAt(address string) postgres.Config {
	return postgres.Config{Address: address, TLS: "disable", Password: field.SecretFile(s.passwordFile), Home: "orders", RolesMayCreate: true,
		Roles: []string{"orders_read", "orders_write", HostileRole},
		Databases: map[string]postgres.Database{"orders": {Tables: map[string][]string{
			"sales.orders": {"select", "insert"}, "sales.refunds": {"select"}, HostileTable: {"select"}}}, "billing": {}}}
}

// RampPassword is the password of Ramp's own login.
func (s *Server) RampPassword() string { return rampPassword }

// Setup runs what a configuration's administrator runs.
func (s *Server) Setup(t testing.TB, c postgres.Config) {
	t.Helper()
	for _, one := range c.Setup() {
		s.Exec(t, one.Database, one.SQL)
	}
	s.Exec(t, "orders", "ALTER ROLE ramp PASSWORD '"+rampPassword+"'")
}

// Exec runs statements as the superuser, each by itself.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	require.NoError(t, s.Try(t.Context(), database, statements...))
}

// Try is Exec for a test that goes on. Each statement may be several, in one transaction.
func (s *Server) Try(ctx context.Context, database string, statements ...string) error {
	conn, err := pgx.Connect(ctx, s.URL(localpostgres.Superuser, password, database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, one := range statements {
		if _, err := conn.PgConn().Exec(ctx, one).ReadAll(); err != nil {
			return err
		}
	}
	return nil
}

// Texts returns the first column of what the superuser reads.
func (s *Server) Texts(ctx context.Context, database, query string, args ...any) ([]string, error) {
	conn, err := pgx.Connect(ctx, s.URL(localpostgres.Superuser, password, database))
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	found, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[string])
}

// Quoted is a role's name as SQL reads it.
func Quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
