package vaulttoken

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/internal/localpostgres"
	"ramp.dev/ramp/internal/ports"
)

const superusersPassword = "superusers-own-password"

// database is a Postgres whose accounts Vault makes.
type database struct{ *localpostgres.Server }

// startWithSecrets is start with a database behind Vault, and two dynamic secrets of it.
func startWithSecrets(t *testing.T) (*vaulttest.Server, database, Config) {
	t.Helper()
	server, config := start(t)
	dir, err := os.MkdirTemp("", "ramp-vault-postgres-") // not t.TempDir: another user runs it
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	inner, err := localpostgres.Start(t.Context(), localpostgres.Config{Dir: dir, Addr: ports.ForTest(t), Password: superusersPassword})
	require.NoError(t, err)
	t.Cleanup(inner.Kill)
	db := database{inner}
	db.exec(t, `CREATE TABLE orders (id int); INSERT INTO orders VALUES (1); CREATE ROLE reads; GRANT SELECT ON orders TO reads;
CREATE ROLE writes; GRANT SELECT, INSERT ON orders TO writes`)

	write := func(path string, data map[string]any) {
		t.Helper()
		_, err := server.Root.Logical().Write(path, data)
		require.NoError(t, err)
	}
	write("sys/mounts/database", map[string]any{"type": "database"})
	write("database/config/orders", map[string]any{"plugin_name": "postgresql-database-plugin", "allowed_roles": "*",
		"connection_url": "postgresql://{{username}}:{{password}}@" + db.Addr() + "/postgres?sslmode=disable",
		"username":       localpostgres.Superuser, "password": superusersPassword})
	config.Secrets = map[string]Secret{}
	all := []string{"orders-read", "orders-write"}
	host, port, err := net.SplitHostPort(db.Addr())
	require.NoError(t, err)
	for name, role := range map[string]string{"orders-reads": "reads", "orders-writes": "writes"} {
		path := "database/creds/" + name
		write("database/roles/"+name, map[string]any{"db_name": "orders", "default_ttl": "1h", "max_ttl": "24h",
			"creation_statements":   `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE ` + role,
			"revocation_statements": `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'; DROP ROLE IF EXISTS "{{name}}"`})
		server.Policy(t, "make-"+name, `path "`+path+`" { capabilities = ["read"] }`)
		config.Secrets[name] = Secret{Path: path, Policy: "make-" + name, Credential: Credential{Kind: "postgres",
			Env:    map[string]string{"PGUSER": "username", "PGPASSWORD": "password"},
			Values: map[string]string{"PGHOST": host, "PGPORT": port, "PGDATABASE": "postgres"}}}
		all = append(all, "make-"+name)
	}
	server.Policy(t, "ramp", Policy(all...)+SecretPolicy("database/creds/orders-reads")+SecretPolicy("database/creds/orders-writes"))
	return server, db, config
}

func (d database) super(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, d.URL(localpostgres.Superuser, superusersPassword, "postgres"))
}

func (d database) exec(t *testing.T, statements string) {
	t.Helper()
	conn, err := d.super(t.Context())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.PgConn().Exec(t.Context(), statements).ReadAll()
	require.NoError(t, err)
}

// accounts returns the accounts that Vault made.
func (d database) accounts(ctx context.Context) ([]string, error) {
	conn, err := d.super(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	found, err := conn.Query(ctx, `SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[string])
}

// noAccounts waits until Vault has taken all accounts back, but those that stay.
func (d database) noAccounts(t *testing.T, stay ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		left, err := d.accounts(context.Background())
		return err == nil && slices.Equal(left, stay)
	}, 30*time.Second, 50*time.Millisecond, "accounts are left")
}

// login logs in as a person would.
func login(ctx context.Context, c access.Credential) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%s dbname=%s user=%s password=%s sslmode=disable",
		c.Env["PGHOST"], c.Env["PGPORT"], c.Env["PGDATABASE"], c.Env["PGUSER"], c.Env["PGPASSWORD"]))
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	return conn, refusal(err)
}

// refusal tells what Postgres refuses from what fails otherwise: a password that is none
// any more (28P01, 28000), and, where Vault takes the account back in the middle of a use,
// a session that it ended (57P01), a table that it took (42501) and a role that is gone (42704).
func refusal(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) && slices.Contains([]string{"28P01", "28000", "57P01", "42501", "42704"}, said.Code) {
		return fmt.Errorf("%w: %s", targettest.ErrRefused, said.Message)
	}
	return err
}

// readOrders logs in and reads.
func readOrders(ctx context.Context, c access.Credential) error {
	conn, err := login(ctx, c)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, "SELECT * FROM orders")
	return refusal(err)
}

// secretGrant is a grant of one dynamic secret.
func secretGrant(life time.Duration, secret string) access.Grant {
	g := newGrant(life)
	g.Entitlement = access.Entitlement{"secret": secret}
	return g
}
