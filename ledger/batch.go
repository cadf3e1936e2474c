package ledger

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"ramp.dev/ramp/access"
)

// batchWriter is the one writer of a SQLite ledger. A commit costs a flush to disk;
// writes that wait for one share the next, so that five hundred grants closing
// in one second cost a few flushes and not five hundred. Each write has its
// savepoint, and nobody is answered before the commit.
type batchWriter struct {
	jobs chan writeJob
	done sync.WaitGroup
}

type writeJob struct {
	do     func(*sql.Tx) error
	result chan error
}

// maxBatch bounds how long the first of a batch waits for the last.
const maxBatch = 128

func startBatchWriter(db *sql.DB) *batchWriter {
	b := &batchWriter{jobs: make(chan writeJob, maxBatch)}
	b.done.Add(1)
	go func() {
		defer b.done.Done()
		for first := range b.jobs {
			b.run(db, b.gather(first))
		}
	}()
	return b
}

func (b *batchWriter) stop() {
	close(b.jobs)
	b.done.Wait()
}

func (b *batchWriter) gather(first writeJob) []writeJob {
	batch := []writeJob{first}
	for len(batch) < maxBatch {
		select {
		case next, ok := <-b.jobs:
			if !ok {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (b *batchWriter) run(db *sql.DB, batch []writeJob) {
	errs := make([]error, len(batch))
	err := func() error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for i, j := range batch {
			if _, err := tx.Exec("SAVEPOINT one"); err != nil {
				return err
			}
			if errs[i] = j.do(tx); errs[i] != nil {
				if _, err := tx.Exec("ROLLBACK TO one"); err != nil {
					return err
				}
			}
			if _, err := tx.Exec("RELEASE one"); err != nil {
				return err
			}
		}
		return tx.Commit()
	}()
	for i, j := range batch {
		j.result <- errors.Join(errs[i], err)
	}
}

// tx runs one write in a transaction. The function may run more than once.
func (l *Ledger) tx(ctx context.Context, do func(q querier) error) error {
	if l.batchWriter == nil {
		return l.txPostgres(ctx, do)
	}
	j := writeJob{do: func(tx *sql.Tx) error { return do(querier{tx, l}) }, result: make(chan error, 1)}
	select {
	case l.batchWriter.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.result:
		return wrapError(err)
	case <-ctx.Done():
		return ctx.Err() // it may still be written; every write is idempotent
	}
}

func (l *Ledger) txPostgres(ctx context.Context, do func(q querier) error) error {
	for try := 0; ; try++ {
		err := func() error {
			tx, err := l.write.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			if err := do(querier{tx, l}); err != nil {
				return err
			}
			return tx.Commit()
		}()
		var pg *pgconn.PgError
		if retry := errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01"); !retry || try == 5 {
			return wrapError(err)
		}
		time.Sleep(time.Duration(try+1) * 10 * time.Millisecond)
	}
}

// wrapError keeps Ramp's own errors and calls everything else unavailable: a
// database that does not answer as it should may do so later.
func wrapError(err error) error {
	var own *access.Error
	if err == nil || errors.As(err, &own) || errors.Is(err, context.Canceled) {
		return err
	}
	return access.Errorf(access.CodeUnavailable, "ledger: %w", err)
}

// handle is what *sql.DB and *sql.Tx have in common.
type handle interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// querier runs statements written with ? on both databases.
type querier struct {
	handle
	l *Ledger
}

func (l *Ledger) reader() querier { return querier{l.read, l} }

func (q querier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, q.l.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (q querier) rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return q.QueryContext(ctx, q.l.rebind(query), args...)
}

func (q querier) row(ctx context.Context, query string, args ...any) *sql.Row {
	return q.QueryRowContext(ctx, q.l.rebind(query), args...)
}

// rebind writes ? as $1, $2 … for Postgres.
func (l *Ledger) rebind(query string) string {
	if l.batchWriter != nil {
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
