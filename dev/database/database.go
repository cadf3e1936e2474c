// Package database runs the Postgres of `ramp dev`: a database of a made-up shop, and a
// superuser whom only this process knows.
package database

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/localpostgres"
)

// Name is the one database with something in it.
const Name = "shop"

// Config says where the server is and keeps its files.
type Config struct {
	Dir  string // of passwords and, unless this process is root, of the data
	Addr string // host:port
}

// Database is the running server.
type Database struct {
	*localpostgres.Server
	superuser string // password
	ramp      string // password
}

// shop is what is in the database.
const shop = `
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id int PRIMARY KEY, item text NOT NULL, cents int NOT NULL, paid boolean NOT NULL);
INSERT INTO sales.orders VALUES (1, 'a book', 1450, true), (2, 'a lamp', 3900, true), (3, 'a chair', 8800, false);
CREATE TABLE sales.customers (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO sales.customers VALUES (1, 'nobody may read this in the demo');
`

// Available reports whether this machine has what Start needs.
func Available() bool {
	_, initdb := localpostgres.Find("initdb")
	_, postgres := localpostgres.Find("postgres")
	return initdb == nil && postgres == nil
}

// AwaitEnd waits until the server of an earlier process that was killed has ended, and its
// port is free.
func AwaitEnd(ctx context.Context, dir string) {
	if _, err := os.Stat(dir); err != nil {
		return // the first start
	}
	if data, err := dataDir(dir); err == nil {
		localpostgres.AwaitEnd(ctx, data)
	}
}

// Start starts the server, and makes the database where there is none.
func Start(ctx context.Context, c Config) (*Database, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, access.Errorf(access.CodeInvalid, "postgres: %w", err)
	}
	d := &Database{}
	data, err := dataDir(c.Dir)
	for _, one := range []struct {
		name string
		text *string
	}{{"superuser.password", &d.superuser}, {"ramp.password", &d.ramp}} {
		if err == nil {
			*one.text, err = secretIn(filepath.Join(c.Dir, one.name))
		}
	}
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "postgres: %w", err)
	}
	d.Server, err = localpostgres.Start(ctx, localpostgres.Config{Dir: data, Addr: c.Addr, Password: d.superuser, Durable: true})
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "postgres: %w", err)
	}
	if err := d.fill(ctx); err != nil {
		d.Stop()
		return nil, access.Errorf(access.CodeUnavailable, "postgres: %w", err)
	}
	return d, nil
}

// PasswordFile is the file with the password of Ramp's own login.
func PasswordFile(dir string) string { return filepath.Join(dir, "ramp.password") }

// fill makes the database, unless it is there. It has its name once it is complete: a
// process that is killed meanwhile leaves none that would be taken for it.
func (d *Database) fill(ctx context.Context) error {
	there, err := d.ask(ctx, "postgres", "SELECT count(*) FROM pg_database WHERE datname = '"+Name+"'")
	if err != nil || there != "0" {
		return err
	}
	const unfinished = Name + "_unfinished"
	for _, one := range []struct{ database, statement string }{
		{"postgres", "DROP DATABASE IF EXISTS " + unfinished},
		{"postgres", "CREATE DATABASE " + unfinished},
		{unfinished, "BEGIN;" + shop + "COMMIT"},
		{"postgres", "ALTER DATABASE " + unfinished + " RENAME TO " + Name},
	} {
		if err := d.Run(ctx, one.database, one.statement); err != nil {
			return err
		}
	}
	return nil
}

// SetUp runs what the target's administrator runs, and sets the password of Ramp's own
// login.
func (d *Database) SetUp(ctx context.Context, login, statements string) error {
	return d.Run(ctx, Name, statements+`;ALTER ROLE "`+login+`" PASSWORD '`+d.ramp+"'")
}

// Run runs statements as the superuser.
func (d *Database) Run(ctx context.Context, database, statements string) error {
	_, err := d.ask(ctx, database, statements)
	return err
}

// ask runs statements and returns the first value of the first.
func (d *Database) ask(ctx context.Context, database, statements string) (string, error) {
	conn, err := pgx.Connect(ctx, d.URL(localpostgres.Superuser, d.superuser, database))
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	results, err := conn.PgConn().Exec(ctx, statements).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

// secretIn returns the password in a file, which is made where there is none.
func secretIn(path string) (string, error) {
	b, err := os.ReadFile(path) // #nosec G304 -- below the directory of `ramp dev`
	if errors.Is(err, fs.ErrNotExist) {
		text := rand.Text()
		return text, os.WriteFile(path, []byte(text+"\n"), 0o600)
	}
	return strings.TrimSpace(string(b)), err
}

// dataDir returns the directory of the server. As root, the server runs as another user,
// who may not reach dir: it then has one of its own below the system's directory for
// temporary files, whose name is kept in dir.
func dataDir(dir string) (string, error) {
	if os.Getuid() != 0 {
		return filepath.Join(dir, "server"), nil
	}
	note := filepath.Join(dir, "server.path")
	if b, err := os.ReadFile(note); err == nil { // #nosec G304 -- below the directory of `ramp dev`
		path := strings.TrimSpace(string(b))
		if info, err := os.Lstat(path); err == nil && info.IsDir() { // #nosec G703 -- ramp dev wrote the path into its own folder
			return path, nil
		}
	}
	path, err := os.MkdirTemp("", "ramp-dev-postgres-")
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(note, []byte(path+"\n"), 0o600)
}
