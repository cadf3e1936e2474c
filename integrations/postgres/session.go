package postgres

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"ramp.dev/ramp/access"
)

// connectTimeout bounds connecting and authenticating.
const connectTimeout = 5 * time.Second

// session is one connection of Ramp's own login. Each operation has its own: nothing is
// stale after a restart or a failover, and a rotated password is used at once if it
// is in a file, and within 30 seconds if it is in Vault.
type session struct {
	conn   *pgx.Conn
	around func(exchange func() error) error
}

// with runs do with a connection to a database. Errors have a code.
func (t *target) with(ctx context.Context, database string, do func(*session) error) error {
	config, err := t.connConfig(ctx, database)
	if err != nil {
		return err
	}
	s := &session{around: t.around}
	if s.around == nil {
		s.around = func(exchange func() error) error { return exchange() }
	}
	err = s.around(func() (err error) {
		s.conn, err = pgx.ConnectConfig(ctx, config)
		return err
	})
	if err != nil {
		return t.coded(err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = s.conn.Close(closing)
	}()
	// A standby knows neither what the primary did last nor who is connected there: it
	// would say that nothing is open.
	if s.conn.PgConn().ParameterStatus("in_hot_standby") != "off" {
		return access.Errorf(access.CodeUnavailable, "%s is a standby, or in front of one: access is opened, ended and looked at on the primary alone", t.config.Address)
	}
	return t.coded(do(s))
}

// connConfig returns how Ramp connects. pgx fills in what the environment says, as libpq
// does; what is there may be meant for the person who started the worker, so all of it is
// replaced.
func (t *target) connConfig(ctx context.Context, database string) (*pgx.ConnConfig, error) {
	password, err := t.password.Read(ctx)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig("host=localhost port=5432 sslmode=disable user=ramp dbname=ramp passfile='' target_session_attrs=any")
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "a variable PG… of the worker's environment is malformed: unset it")
	}
	host, port, _ := net.SplitHostPort(t.config.Address)
	n, _ := strconv.ParseUint(port, 10, 16)
	config.Host, config.Port, config.Database, config.User, config.Password = host, uint16(n), database, t.config.User, password
	config.TLSConfig, config.Fallbacks, config.SSLNegotiation = t.tls, nil, "postgres"
	config.ConnectTimeout = connectTimeout
	config.ValidateConnect, config.AfterConnect, config.KerberosSrvName, config.KerberosSpn = nil, nil, "", ""
	// A server that asks for the password in clear is not the one.
	config.RequireAuth, config.ChannelBinding = "scram-sha-256", "prefer"
	config.RuntimeParams = map[string]string{"application_name": "ramp", "search_path": "pg_catalog", "timezone": "UTC"}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return config, nil
}

// rows runs one statement and returns its rows, each a struct with a field for a column.
func rows[T any](ctx context.Context, s *session, statement string, args ...any) (out []T, err error) {
	err = s.around(func() error {
		found, err := s.conn.Query(ctx, statement, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(found, pgx.RowToStructByPos[T])
		return err
	})
	return out, err
}

// call runs a function of setup.sql for its effect.
func (s *session) call(ctx context.Context, statement string, args ...any) error {
	return s.around(func() error {
		_, err := s.conn.Exec(ctx, statement, args...)
		return err
	})
}
