package mysql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	client "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/mysql"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
	"ramp.dev/ramp/integrations/targettest"
)

const targetName = "mysql/test"

func start(t *testing.T, settings ...string) (*mysqltest.Server, mysql.Config) {
	t.Helper()
	s := mysqltest.Start(t, settings...)
	s.Setup(t, s.Config())
	return s, s.Config()
}

func opened(t *testing.T, c mysql.Config) *integrations.Guarded {
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

func reads() access.Entitlement  { return access.Entitlement{"roles": []any{"orders_read"}} }
func writes() access.Entitlement { return access.Entitlement{"roles": []any{"orders_write"}} }
func makes() access.Entitlement  { return access.Entitlement{"roles": []any{"makers"}} }

// connected connects as a person's program does, with the credential alone.
func connected(ctx context.Context, c access.Credential) (*sql.Conn, func(), error) {
	config := client.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = c.Env["MYSQL_USER"], c.Env["MYSQL_PASSWORD"], "tcp", net.JoinHostPort(c.Env["MYSQL_HOST"], c.Env["MYSQL_TCP_PORT"])
	config.DBName, config.Logger, config.Timeout = c.Env["MYSQL_DATABASE"], &client.NopLogger{}, 20*time.Second
	conn, end, err := mysqltest.Connect(ctx, config)
	for errors.Is(err, client.ErrMalformPkt) { // this client cannot answer one in 256 challenges of ed25519
		conn, end, err = mysqltest.Connect(ctx, config)
	}
	return conn, end, refusal(err)
}

// refusal returns ErrRefused for what the server itself refuses.
func refusal(err error) error {
	var said *client.MySQLError
	if errors.As(err, &said) && slices.Contains([]uint16{1045, 1142, 1044, 4151, 1927, 1053}, said.Number) { // password, rights, rights, locked, killed, killed
		return fmt.Errorf("%s: %w", said.Message, targettest.ErrRefused)
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
type live struct {
	conn *sql.Conn
	end  func()
}

func dial(ctx context.Context, c access.Credential) (*live, error) {
	conn, end, err := connected(ctx, c)
	if err != nil {
		return nil, err
	}
	return &live{conn, end}, nil
}

func (l *live) Alive(ctx context.Context) error {
	var what string
	err := refusal(l.conn.QueryRowContext(ctx, "SELECT what FROM sales.orders WHERE id = 1").Scan(&what))
	// A session that was killed is a connection that ended.
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, client.ErrInvalidConn) {
		err = fmt.Errorf("%w: %w", err, targettest.ErrRefused)
	}
	return err
}

func (l *live) Close() error {
	l.end()
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
func gone(t *testing.T, s *mysqltest.Server, target *integrations.Guarded, g access.Grant) {
	t.Helper()
	back, err := target.Inspect(t.Context(), access.Grant{Name: g.Name})
	require.NoError(t, err)
	require.True(t, back.Gone(), "%+v", back)
	names, err := grantNames(t.Context(), s)
	require.NoError(t, err)
	require.NotContains(t, names, g.Name)
}

// grantNames returns the names of grants by the accounts and roles that there are, read by
// the administrator.
func grantNames(ctx context.Context, s *mysqltest.Server) ([]string, error) {
	return s.Texts(ctx, `SELECT LEFT(User, 23) FROM mysql.global_priv WHERE User RLIKE '^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j](-[0-9a-hjkmnp-tv-z]{8})?$'`)
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
			return &client.MySQLError{Number: 1040, Message: "Too many connections"}
		case fault == targettest.Unavailable && k >= n:
			return &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}
		return exchange()
	}
}

func secretFromEnv() field.Secret { return field.SecretEnv("RAMP_MYSQL_PASSWORD") }
