package ledger

import (
	"context"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect is everything that differs between the two databases in SQL.
type dialect goose.Dialect

const (
	sqlite   = dialect(goose.DialectSQLite3)
	postgres = dialect(goose.DialectPostgres)
)

// migrations is the folder of a dialect's migrations.
func (d dialect) migrations() string {
	if d == sqlite {
		return "migrations/sqlite"
	}
	return "migrations/postgres"
}

// rebind writes ? as $1, $2 … for Postgres.
func (d dialect) rebind(query string) string {
	if d == sqlite {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// milliseconds is the time of the database's clock, in milliseconds since 1970.
func (d dialect) milliseconds() string {
	if d == sqlite {
		return `CAST(round(unixepoch('subsec') * 1000) AS INTEGER)`
	}
	return `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`
}

// forUpdate ends a SELECT so that its rows stay as they are until the
// transaction ends. SQLite has one writer, so there reading is enough.
func (d dialect) forUpdate() string {
	if d == sqlite {
		return ""
	}
	return " FOR UPDATE"
}

// lockSpace keeps advisory locks of different uses apart.
type lockSpace int32

const (
	lockLog        lockSpace = 0x72616d70 // the log: one append after the other
	lockRequesters lockSpace = 0x72657173 // one person's submissions
	lockContracts  lockSpace = 0x636f6e74 // submissions under one contract
	lockHolders    lockSpace = 0x686f6c64 // one shared object's holders
	lockAccounts   lockSpace = 0x61636374 // links between accounts
	lockDirectory  lockSpace = 0x64697265 // what the directory is used for
)

// lock waits until no other transaction holds a lock, and holds it until this
// transaction ends. SQLite has one writer, so there is nothing to wait for.
func (q querier) lock(ctx context.Context, space lockSpace, name string) error {
	if q.dialect == sqlite {
		return nil
	}
	_, err := q.exec(ctx, `SELECT pg_advisory_xact_lock(?, hashtext(?))`, int32(space), name)
	return err
}
