package ledger

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// writer runs writes in transactions. A write may run more than once.
type writer interface {
	write(ctx context.Context, do func(*sql.Tx) error) error
	database() *sql.DB // for migrations
	close() error      // after the writes under way
}

// batchWriter is the one writer of a SQLite ledger. A commit costs a flush to
// disk; writes that wait for one share the next, so that five hundred grants closing
// in one second cost a few flushes and not five hundred. Each write has its own
// savepoint, and none returns before the commit.
type batchWriter struct {
	db   *sql.DB
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
	b := &batchWriter{db: db, jobs: make(chan writeJob, maxBatch)}
	b.done.Add(1)
	go func() {
		defer b.done.Done()
		for first := range b.jobs {
			b.run(b.gather(first))
		}
	}()
	return b
}

func (b *batchWriter) database() *sql.DB { return b.db }

func (b *batchWriter) close() error {
	close(b.jobs)
	b.done.Wait()
	return b.db.Close()
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

func (b *batchWriter) run(batch []writeJob) {
	errs := make([]error, len(batch))
	err := func() error {
		tx, err := b.db.Begin()
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

func (b *batchWriter) write(ctx context.Context, do func(*sql.Tx) error) error {
	j := writeJob{do: do, result: make(chan error, 1)}
	select {
	case b.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.result:
		return err
	case <-ctx.Done():
		return ctx.Err() // it may still be written; every write is idempotent
	}
}

// poolWriter writes to Postgres, many at once.
type poolWriter struct{ db *sql.DB }

func (p poolWriter) database() *sql.DB { return p.db }

func (p poolWriter) close() error { return p.db.Close() }

func (p poolWriter) write(ctx context.Context, do func(*sql.Tx) error) error {
	for try := 0; ; try++ {
		err := func() error {
			tx, err := p.db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			if err := do(tx); err != nil {
				return err
			}
			return tx.Commit()
		}()
		// 40001 serialization_failure, 40P01 deadlock_detected
		var pg *pgconn.PgError
		if retry := errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01"); !retry || try == 5 {
			return err
		}
		time.Sleep(time.Duration(try+1) * 10 * time.Millisecond)
	}
}

// tx runs a write in a transaction. It may run more than once.
func (l *Ledger) tx(ctx context.Context, do func(q querier) error) error {
	err := l.writer.write(ctx, func(tx *sql.Tx) error { return do(querier{tx, l.dialect, l.notary}) })
	if err == nil {
		l.committed.broadcast()
	}
	return wrapError(err)
}
