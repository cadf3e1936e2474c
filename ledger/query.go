package ledger

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"ramp.dev/ramp/access"
)

// handle is what *sql.DB, *sql.Tx and prepared have in common.
type handle interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// querier runs statements, written with ? for both databases, inside or outside
// of a transaction.
type querier struct {
	handle
	dialect dialect
	notary  Notary

	unlogged *unlogged // nil outside of a transaction
}

func (l *Ledger) reader() querier { return querier{l.reads, l.dialect, l.notary, nil} }

// exec returns how many rows a statement changed.
func (q querier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, q.dialect.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (q querier) row(ctx context.Context, query string, args ...any) *sql.Row {
	return q.QueryRowContext(ctx, q.dialect.rebind(query), args...)
}

// scanner is a row of a result.
type scanner interface{ Scan(...any) error }

// collect returns all rows of a result, each read by scan. Without rows the list
// is empty, not nil.
func collect[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, q.dialect.rebind(query), args...)
	if err != nil {
		return nil, wrapError(err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, wrapError(err)
		}
		out = append(out, v)
	}
	return out, wrapError(rows.Err())
}

// first returns the first row of a result, read by scan. Without rows the error
// is missing.
func first[T any](ctx context.Context, q querier, scan func(scanner) (T, error), missing error, query string, args ...any) (T, error) {
	v, err := scan(q.row(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, missing
	}
	return v, wrapError(err)
}

// exists reports whether a query has a row.
func (q querier) exists(ctx context.Context, query string, args ...any) (bool, error) {
	var one any
	err := q.row(ctx, query, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// scanText reads a row of one column.
func scanText(row scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

// scanInt reads a row of one number.
func scanInt(row scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

// inList returns "(?, ?)" and the arguments for as many values, for IN.
func inList[T any](values []T) (marks string, args []any) {
	for _, v := range values {
		args = append(args, v)
	}
	return "(" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")", args
}

// page returns one page of a list, and how long the list is.
func page[T any](ctx context.Context, q querier, scan func(scanner) (T, error), columns, from string, args []any, order string, skip, limit int) ([]T, int, error) {
	var total int
	if err := q.row(ctx, `SELECT count(*)`+from, args...).Scan(&total); err != nil {
		return nil, 0, wrapError(err)
	}
	items, err := collect(ctx, q, scan, `SELECT `+columns+from+` ORDER BY `+order+` LIMIT ? OFFSET ?`, append(args, max(limit, 0), max(skip, 0))...)
	return items, total, err
}

// conditions are the WHERE of a query that filters narrow.
type conditions struct {
	terms []string
	args  []any
}

func (c *conditions) and(term string, args ...any) {
	c.terms, c.args = append(c.terms, term), append(c.args, args...)
}

// equal narrows a column to a value; an empty value does not narrow.
func (c *conditions) equal(column, value string) { c.match(column+" = ?", value) }

// match adds a term with one argument; an empty value does not narrow.
func (c *conditions) match(term, value string) {
	if value != "" {
		c.and(term, value)
	}
}

func (c *conditions) String() string {
	if len(c.terms) == 0 {
		return " WHERE 1 = 1"
	}
	return " WHERE " + strings.Join(c.terms, " AND ")
}

// wrapError keeps Ramp's own errors and makes all others CodeUnavailable: a
// database that failed may work later.
func wrapError(err error) error {
	var own *access.Error
	if err == nil || errors.As(err, &own) || errors.Is(err, context.Canceled) {
		return err
	}
	return unavailable(err)
}
