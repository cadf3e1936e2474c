package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"ramp.dev/ramp/access"
)

// poolWriter writes to Postgres, some at once.
type poolWriter struct {
	db   *sql.DB
	tail logTail
}

func (p *poolWriter) database() *sql.DB { return p.db }

func (p *poolWriter) close() error { return p.db.Close() }

func (p *poolWriter) write(ctx context.Context, do func(handle) error) error {
	for try := 0; ; try++ {
		err := p.transaction(ctx, do)
		// 40001 serialization_failure, 40P01 deadlock_detected
		var pg *pgconn.PgError
		if retry := errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01"); !retry || try == 5 {
			return err
		}
		time.Sleep(time.Duration(try+1) * 10 * time.Millisecond)
	}
}

// rollBackWithin bounds how long a connection is waited for whose transaction failed.
const rollBackWithin = 5 * time.Second

func (p *poolWriter) transaction(ctx context.Context, do func(handle) error) error {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() // it goes back; one in a transaction is closed then (stdlib's ResetSession)
	t := &transaction{Conn: conn, tail: &p.tail}
	if err = do(t); err == nil && t.begun && !t.over {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil && t.begun {
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollBackWithin)
		defer cancel()
		_, _ = conn.ExecContext(soon, "ROLLBACK") // where this fails, the connection is not used again
	}
	return err
}

// transaction is a transaction on Postgres, which begins with its first statement.
type transaction struct {
	*sql.Conn
	tail  *logTail
	begun bool
	over  bool // it is committed
}

func (t *transaction) begin(ctx context.Context) error {
	if t.begun {
		return nil
	}
	t.begun = true // also where the response is lost
	_, err := t.Conn.ExecContext(ctx, "BEGIN")
	return err
}

// ExecContext implements handle.
func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	return t.Conn.ExecContext(ctx, query, args...)
}

// QueryContext implements handle.
func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	return t.Conn.QueryContext(ctx, query, args...)
}

// QueryRowContext implements handle.
func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := t.begin(ctx); err != nil {
		failed, cancel := context.WithCancelCause(ctx) // nothing runs outside of the transaction
		cancel(err)
		return t.Conn.QueryRowContext(failed, query, args...)
	}
	return t.Conn.QueryRowContext(ctx, query, args...)
}

// lockFirst begins the transaction with a query that locks a request, in one round trip.
// It returns the zero request where there is none.
func (t *transaction) lockFirst(ctx context.Context, query string, args ...any) (r requestHead, err error) {
	t.begun = true
	err = t.Raw(func(of any) error {
		var b pgx.Batch
		b.Queue("BEGIN")
		b.Queue(query, args...).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (requestHead, error) { return scanLocked(row) })
			if len(found) > 0 {
				r = found[0]
			}
			return err
		})
		return of.(*stdlib.Conn).Conn().SendBatch(ctx, &b).Close()
	})
	return r, err
}

// commit writes events and commits. Other transactions wait for the log from the first
// of two round trips on until the second, with the commit in it, is done.
func (t *transaction) commit(ctx context.Context, u *unlogged) error {
	if len(u.events) == 0 {
		return nil // the caller commits
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	return t.Raw(func(of any) error {
		a := appending{conn: of.(*stdlib.Conn).Conn(), tail: t.tail, commit: true}
		if u.again {
			if all, err := a.allKnown(ctx, u.events); all || err != nil {
				return err
			}
		}
		err := a.append(ctx, u.events)
		t.over = err == nil
		return err
	})
}

// log writes events and commits nothing yet.
func (t *transaction) log(ctx context.Context, events []access.Event) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	return t.Raw(func(of any) error {
		a := appending{conn: of.(*stdlib.Conn).Conn(), tail: t.tail}
		return a.append(ctx, events)
	})
}

// appending appends events to the log on Postgres.
type appending struct {
	conn   *pgx.Conn
	tail   *logTail
	commit bool // with the events, in one round trip
}

func (a *appending) append(ctx context.Context, events []access.Event) error {
	for i := range events {
		events[i] = events[i].Normalized()
	}
	known, tree, err := a.lockLog(ctx, events)
	if err != nil {
		return err
	}
	var rows eventRows
	var idx []int64
	var hashes [][]byte
	for _, e := range events {
		key := eventID{e.RequestID, e.Key}
		if e.Key != "" {
			if known[key] {
				continue
			}
			known[key] = true
		}
		e.Seq = tree.size + 1
		added, err := tree.add(e.Leaf())
		if err != nil {
			return err
		}
		rows.add(e)
		for _, h := range added {
			idx, hashes = append(idx, h.idx), append(hashes, h.hash[:])
		}
	}
	var b pgx.Batch
	if len(idx) > 0 {
		// Without ON CONFLICT: an event that is there all the same, or its number, is damage.
		b.Queue(`INSERT INTO events (seq, at, request_id, kind, actor, message, detail, idempotency_key)
			SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])`,
			rows.seq, rows.at, rows.request, rows.kind, rows.actor, rows.message, rows.detail, rows.key)
		b.Queue(`INSERT INTO log_hashes (idx, hash) SELECT * FROM unnest($1::bigint[], $2::bytea[])`, idx, hashes)
	}
	if a.commit {
		b.Queue("COMMIT")
	}
	if err := a.conn.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	if a.commit {
		a.tail.remember(tree)
	}
	return nil
}

// lockLog waits until no other transaction appends, and returns which of the events the
// log has already, and its tree.
func (a *appending) lockLog(ctx context.Context, events []access.Event) (known map[eventID]bool, tree *logTree, err error) {
	var b pgx.Batch
	b.Queue(`SELECT pg_advisory_xact_lock($1, hashtext(''))`, int32(lockLog))
	known = queueKnown(&b, events)
	last := a.tail.last()
	var newest []storedHash
	b.Queue(selectNewest, last.from(), newestHashes).Query(func(rows pgx.Rows) (err error) {
		newest, err = pgx.CollectRows(rows, collectHash)
		return err
	})
	if err := a.conn.SendBatch(ctx, &b).Close(); err != nil {
		return nil, nil, err
	}
	tree, err = a.readTree(ctx, last, newest)
	return known, tree, err
}

// queueKnown has a batch ask which of the events the log has already, and returns what is
// filled when the batch has run.
func queueKnown(b *pgx.Batch, events []access.Event) (known map[eventID]bool) {
	keys := map[string][]string{}
	for _, e := range events {
		if e.Key != "" {
			keys[e.RequestID] = append(keys[e.RequestID], e.Key)
		}
	}
	known = map[eventID]bool{}
	for request, of := range keys {
		b.Queue(`SELECT idempotency_key FROM events WHERE request_id = $1 AND idempotency_key <> '' AND idempotency_key = ANY($2)`, request, of).
			Query(func(rows pgx.Rows) error {
				found, err := pgx.CollectRows(rows, pgx.RowTo[string])
				for _, key := range found {
					known[eventID{request, key}] = true
				}
				return err
			})
	}
	return known
}

// allKnown reports whether the log has all of the events already.
func (a *appending) allKnown(ctx context.Context, events []access.Event) (bool, error) {
	for i := range events {
		events[i] = events[i].Normalized()
	}
	var b pgx.Batch
	known := queueKnown(&b, events)
	if err := a.conn.SendBatch(ctx, &b).Close(); err != nil {
		return false, err
	}
	return !slices.ContainsFunc(events, func(e access.Event) bool { return e.Key == "" || !known[eventID{e.RequestID, e.Key}] }), nil
}

// eventID is what makes an event the same as another.
type eventID struct{ request, key string }

// eventRows are the columns of events that are inserted.
type eventRows struct {
	seq, at                                    []int64
	request, kind, actor, message, detail, key []string
}

func (r *eventRows) add(e access.Event) {
	r.seq, r.at = append(r.seq, e.Seq), append(r.at, micros(e.At))
	r.request, r.kind, r.actor = append(r.request, e.RequestID), append(r.kind, string(e.Kind)), append(r.actor, e.Actor)
	r.message, r.detail, r.key = append(r.message, e.Message), append(r.detail, detailOf(e)), append(r.key, e.Key)
}
