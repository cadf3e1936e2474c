package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
)

// writer runs writes in transactions. A write may run more than once.
type writer interface {
	write(ctx context.Context, do func(handle) error) error
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

	conn *sql.Conn // the one connection, once there was a write; nil after it failed
	on   *prepared // what runs on it
}

type writeJob struct {
	do     func(handle) error
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
	b.disconnect()
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
	err := b.transaction(func(on handle) error {
		for i, j := range batch {
			if err := execute(on, "SAVEPOINT one"); err != nil {
				return err
			}
			if errs[i] = j.do(on); errs[i] != nil {
				if err := execute(on, "ROLLBACK TO one"); err != nil {
					return err
				}
			}
			if err := execute(on, "RELEASE one"); err != nil {
				return err
			}
		}
		return nil
	})
	for i, j := range batch {
		j.result <- errors.Join(errs[i], err)
	}
}

// transaction runs a transaction on the one connection, by hand: one of database/sql's
// keeps no statement compiled from one to the next.
func (b *batchWriter) transaction(do func(handle) error) error {
	if err := b.connect(); err != nil {
		return err
	}
	err := execute(b.on, "BEGIN IMMEDIATE")
	if err != nil {
		b.disconnect() // the next batch tries another connection
		return err
	}
	if err = do(b.on); err == nil {
		err = execute(b.on, "COMMIT")
	}
	if err != nil && execute(b.on, "ROLLBACK") != nil {
		b.disconnect()
	}
	return err
}

func (b *batchWriter) connect() error {
	if b.conn != nil {
		return nil
	}
	conn, err := b.db.Conn(context.Background())
	if err == nil {
		b.conn, b.on = conn, newPrepared(conn)
	}
	return err
}

// disconnect gives the connection up. database/sql closes it with its statements, which
// must not be closed after it.
func (b *batchWriter) disconnect() {
	if b.conn != nil {
		_ = b.conn.Raw(func(any) error { return driver.ErrBadConn })
		b.conn.Close()
		b.conn, b.on = nil, nil
	}
}

func execute(on handle, statement string) error {
	_, err := on.ExecContext(context.Background(), statement)
	return err
}

func (b *batchWriter) write(ctx context.Context, do func(handle) error) error {
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

// tx runs a write in a transaction. It may run more than once.
func (l *Ledger) tx(ctx context.Context, do func(q querier) error) error {
	err := l.writer.write(ctx, func(on handle) error {
		q := querier{on, l.dialect, l.notary, &unlogged{}}
		if err := do(q); err != nil {
			return err
		}
		if p, ok := on.(*transaction); ok {
			return p.commit(ctx, q.unlogged)
		}
		return q.log(ctx)
	})
	if err == nil {
		l.committed.broadcast()
	}
	return wrapError(err)
}

// write runs one statement, which on Postgres is a transaction by itself.
func (l *Ledger) write(ctx context.Context, statement string, args ...any) error {
	if l.dialect == postgres {
		_, err := querier{l.writer.database(), l.dialect, l.notary, nil}.exec(ctx, statement, args...)
		if err == nil {
			l.committed.broadcast()
		}
		return wrapError(err)
	}
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, statement, args...)
		return err
	})
}
