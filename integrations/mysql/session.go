package mysql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"ramp.dev/ramp/access"
)

// connectTimeout bounds connecting and authenticating.
const connectTimeout = 5 * time.Second

// session is one connection of Ramp's own account. Each operation has its own: nothing is
// stale after a restart or a failover, and a rotated password is used at once if it is in
// a file, and within 30 seconds if it is in Vault.
type session struct {
	conn   *sql.Conn
	around func(exchange func() error) error
}

// with runs do with a connection. Errors have a code.
func (t *target) with(ctx context.Context, do func(*session) error) error {
	password, err := t.password.Read(ctx)
	if err != nil {
		return err
	}
	config := driver.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr, config.TLS = t.config.User, password, "tcp", t.config.Address, t.tls
	config.Timeout, config.Logger = connectTimeout, &driver.NopLogger{}
	// One exchange for each call. What is put in is quoted by the driver, for a session
	// of utf8mb4, in which no byte of another character is a quote.
	config.InterpolateParams, config.Collation = true, "utf8mb4_bin"
	// A lock that somebody holds is waited for at most 3 s.
	config.Params = map[string]string{"time_zone": "'+00:00'", "sql_mode": "'STRICT_ALL_TABLES'", "lock_wait_timeout": "3", "innodb_lock_wait_timeout": "3"}
	connector, err := driver.NewConnector(config)
	if err != nil {
		return access.Errorf(access.CodeInternal, "MariaDB: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	s := &session{around: t.around}
	if s.around == nil {
		s.around = func(exchange func() error) error { return exchange() }
	}
	err = s.around(func() (err error) {
		s.conn, err = db.Conn(ctx)
		return err
	})
	if err != nil {
		return t.coded(err)
	}
	defer s.conn.Close()
	return t.coded(do(s))
}

// call runs a procedure of setup.sql. read is called for each row, with the number of the
// list that it is in; it may be nil.
func (s *session) call(ctx context.Context, statement string, read func(list int, scan func(...any) error) error, args ...any) error {
	return s.around(func() (err error) {
		rows, err := s.conn.QueryContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for list := 0; ; list++ {
			for rows.Next() {
				if err := read(list, rows.Scan); err != nil {
					return err
				}
			}
			if !rows.NextResultSet() {
				return rows.Err()
			}
		}
	})
}
