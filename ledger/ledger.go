package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // driver "sqlite"

	"ramp.dev/ramp/access"
)

//go:embed migrations
var migrations embed.FS

// Ledger is an open ledger. It is safe for concurrent use, and several
// processes may have the same one open.
type Ledger struct {
	dialect   dialect
	read      *sql.DB
	reads     handle // statements on read
	writer    writer
	committed broadcaster
	notary    Notary
	report    func(what string) // a record that is not believed
	groups    groupCache
	logged    loggedStates
}

// Open opens a ledger and brings its schema up to date. The address is
// sqlite:PATH or postgres://….
func Open(ctx context.Context, address string) (*Ledger, error) {
	l, err := connect(address)
	if err != nil {
		return nil, err
	}
	l.UseNotary(noNotary{}, func(string) {})
	if err := l.migrate(ctx); err != nil {
		l.Close()
		return nil, unavailable(err)
	}
	return l, nil
}

// Refused reports whether an error of Open says that Postgres is there and does not
// let Ramp in, or has no such database: waiting changes neither.
func Refused(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch {
	case strings.HasPrefix(pg.Code, "57"), strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "40"), strings.HasPrefix(pg.Code, "08"):
		return false // it starts or stops, has no room, or two processes got in each other's way
	}
	return true
}

func connect(address string) (*Ledger, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		return connectSQLite(path)
	}
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return connectPostgres(address)
	}
	return nil, access.Errorf(access.CodeInvalid, "ledger: the address must be sqlite:PATH or postgres://…")
}

// A process has so many connections to Postgres at most. Those that write wait for each
// other at the log: more of them would wait there for longer, and reading must not wait
// behind them.
const (
	writeConnections = 8
	readConnections  = 12
)

func connectPostgres(address string) (*Ledger, error) {
	open := func(connections int) (*sql.DB, error) {
		db, err := sql.Open("pgx", address)
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "ledger: the postgres address is malformed")
		}
		// database/sql keeps two by itself, and would close and open the others all the time,
		// each a process of Postgres with nothing prepared.
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		db.SetConnMaxIdleTime(5 * time.Minute)
		return db, nil
	}
	read, err := open(readConnections)
	if err != nil {
		return nil, err
	}
	write, err := open(writeConnections)
	if err != nil {
		return nil, err
	}
	return &Ledger{dialect: postgres, read: read, reads: read, writer: &poolWriter{db: write}}, nil
}

// connectSQLite opens one connection for writing and some for reading.
// synchronous=full, unlike Temporal's own database beside it: a power cut may
// cost Temporal its last moments, but never the record of what is open.
func connectSQLite(path string) (*Ledger, error) {
	open := func(more ...string) (*sql.DB, error) {
		q := url.Values{"_pragma": append([]string{"journal_mode(wal)", "synchronous(full)", "foreign_keys(1)", "busy_timeout(10000)"}, more...)}
		return sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode()+"&_txlock=immediate")
	}
	if err := keepPrivate(path); err != nil { // the disk may come later
		return nil, unavailable(err)
	}
	write, err := open()
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "ledger: %w", err)
	}
	write.SetMaxOpenConns(1)
	read, err := open("query_only(1)")
	if err != nil {
		write.Close()
		return nil, access.Errorf(access.CodeInvalid, "ledger: %w", err)
	}
	read.SetMaxOpenConns(4)
	return &Ledger{dialect: sqlite, read: read, reads: newPrepared(read), writer: startBatchWriter(write)}, nil
}

// keepPrivate makes the database's file where it is not there, and takes it and
// the files beside it from everybody but their owner, whatever the umask: reasons,
// sessions and the directory are in them. SQLite gives what it makes beside the
// file the file's own mode.
func keepPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- the configured path
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
			if err := os.Chmod(name, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Ledger) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, l.dialect.migrations())
	if err != nil {
		return err
	}
	// Servers and workers start together. On Postgres one migrates while the others wait for
	// its lock, of which the database lets go if the one that has it dies.
	var options []goose.ProviderOption
	if l.dialect == postgres {
		one, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migratedWithin))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(one))
	}
	p, err := goose.NewProvider(goose.Dialect(l.dialect), l.writer.database(), files, options...)
	if err != nil {
		return err
	}
	// On SQLite several may migrate at once; each migration is one transaction, and the one
	// that comes second finds it done when it tries again.
	for try := 0; ; try++ {
		if _, err = p.Up(ctx); err == nil || try == 4 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try+1) * 100 * time.Millisecond):
		}
	}
}

// migratedWithin is for how many seconds a process waits while another one migrates.
const migratedWithin = 300

// Close closes the ledger; writes under way are finished first.
func (l *Ledger) Close() error {
	return errors.Join(l.writer.close(), l.read.Close())
}
