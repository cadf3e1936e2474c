package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// LimitPages bounds how large the SQLite database may grow, for tests of those who
// may not mount a small disk; it never shrinks it.
func (l *Ledger) LimitPages(n int) error {
	_, err := l.writer.database().Exec(fmt.Sprintf("PRAGMA max_page_count = %d", n))
	return err
}

// Watch has every statement that reads the ledger passed to see before it runs, as the
// database takes it.
func (l *Ledger) Watch(see func(query string, args []any)) { l.reads = watched{l.reads, see} }

type watched struct {
	handle
	see func(string, []any)
}

func (w watched) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	w.see(query, args)
	return w.handle.QueryContext(ctx, query, args...)
}

func (w watched) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	w.see(query, args)
	return w.handle.QueryRowContext(ctx, query, args...)
}

// QueryFor returns the query of a search on a ledger's database.
func (f EventSearch) QueryFor(l *Ledger, limit int) (string, []any, error) {
	query, args, err := f.query(l.dialect, limit)
	return l.dialect.rebind(query), args, err
}

// QueryFor returns the query of a search on a ledger's database.
func (f RequestSearch) QueryFor(l *Ledger, limit int) (string, []any, error) {
	query, args, err := f.query(l.dialect, limit)
	return l.dialect.rebind(query), args, err
}
