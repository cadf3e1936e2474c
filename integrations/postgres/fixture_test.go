package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/postgres"
	"ramp.dev/ramp/integrations/postgres/postgrestest"
	"ramp.dev/ramp/integrations/targettest"
)

const targetName = "postgres/test"

var none field.Secret

func start(t *testing.T, settings ...string) (*postgrestest.Server, postgres.Config) {
	t.Helper()
	s := postgrestest.Start(t, settings...)
	s.Setup(t, s.Config())
	return s, s.Config()
}

func opened(t *testing.T, c postgres.Config) *integrations.Guarded {
	t.Helper()
	target, err := c.Open(context.Background(), targetName)
	require.NoError(t, err)
	return integrations.Guard(target)
}

func newGrant(ttl time.Duration, e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: targetName, Principal: "alice@example.com", Entitlement: e,
		ExpiresAt: time.Now().UTC().Add(ttl + time.Second - 1).Truncate(time.Second)}
}

func reads() access.Entitlement {
	return access.Entitlement{"database": "orders", "roles": []any{"orders_read"}}
}

func writes() access.Entitlement {
	return access.Entitlement{"database": "orders", "roles": []any{"orders_write"}}
}

// client connects as a person's program does, with the credential alone.
func client(ctx context.Context, c access.Credential) (*pgx.Conn, error) {
	words := []string{"connect_timeout=20"}
	for name, option := range map[string]string{"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "dbname", "PGUSER": "user", "PGPASSWORD": "password", "PGSSLMODE": "sslmode"} {
		words = append(words, option+"='"+c.Env[name]+"'")
	}
	conn, err := pgx.Connect(ctx, strings.Join(words, " "))
	return conn, refusal(err)
}

// refusal returns ErrRefused for what the server itself refuses.
func refusal(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		switch said.Code {
		case "28P01", "28000", "42501", "57P01": // password, login, rights, ended by an administrator
			return fmt.Errorf("%s: %w", said.Message, targettest.ErrRefused)
		}
	}
	return err
}

// use reads a table once.
func use(ctx context.Context, _ access.Grant, c access.Credential) error {
	s, err := dial(ctx, c)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Alive(ctx)
}

// live is one person's session.
type live struct{ conn *pgx.Conn }

func dial(ctx context.Context, c access.Credential) (*live, error) {
	conn, err := client(ctx, c)
	if err != nil {
		return nil, err
	}
	return &live{conn}, nil
}

func (l *live) Alive(ctx context.Context) error {
	var what string
	return refusal(l.conn.QueryRow(ctx, "SELECT what FROM sales.orders WHERE id = 1").Scan(&what))
}

func (l *live) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = l.conn.Close(ctx)
	return nil
}

// minted opens a grant and picks it up.
func minted(t *testing.T, target *integrations.Guarded, g access.Grant) access.Credential {
	t.Helper()
	require.NoError(t, target.Grant(t.Context(), g))
	c, err := target.Mint(t.Context(), g)
	require.NoError(t, err)
	return c
}

// gone demands that nothing of a grant is left.
func gone(t *testing.T, s *postgrestest.Server, target *integrations.Guarded, g access.Grant) {
	t.Helper()
	back, err := target.Inspect(t.Context(), access.Grant{Name: g.Name})
	require.NoError(t, err)
	require.True(t, back.Gone(), "%+v", back)
	names, err := roleNames(t.Context(), s)
	require.NoError(t, err)
	require.NotContains(t, names, g.Name)
}

// roleNames returns the names of grants by the roles that there are, read by the
// superuser.
func roleNames(ctx context.Context, s *postgrestest.Server) ([]string, error) {
	return s.Texts(ctx, "orders", `SELECT substr(rolname, 1, 23) FROM pg_roles WHERE rolname ~ '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j](-[0-9a-hjkmnp-tv-z]{16})?$'`)
}

// faults fails from exchange n on, or loses exchange n's reply.
func faults(fault targettest.Fault, n int) func(func() error) error {
	k := 0
	return func(exchange func() error) error {
		k++
		switch {
		case fault == targettest.LostReply && k == n:
			return errors.Join(exchange(), &net.OpError{Op: "read", Err: errors.New("connection reset by peer")})
		case fault == targettest.Throttled && k >= n:
			return &pgconn.PgError{Severity: "FATAL", Code: "53300", Message: "sorry, too many clients already"}
		case fault == targettest.Unavailable && k >= n:
			return &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}
		return exchange()
	}
}
