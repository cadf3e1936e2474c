package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// KeepCheckpoint keeps a checkpoint of the log that a server has signed, where none is
// larger. It verifies nothing.
func (l *Ledger) KeepCheckpoint(ctx context.Context, origin string, size int64, signed string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO checkpoints (origin, size, signed, kept_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (origin) DO UPDATE SET size = excluded.size, signed = excluded.signed, kept_at = excluded.kept_at WHERE checkpoints.size < excluded.size`,
			origin, size, signed, micros(at))
		return err
	})
}

// LastCheckpoint returns the largest checkpoint that was kept. Whoever reads it verifies
// its signature. Errors are of code not_found if there is none.
func (l *Ledger) LastCheckpoint(ctx context.Context) (signed string, err error) {
	return first(ctx, l.reader(), func(row scanner) (s string, err error) { return s, row.Scan(&s) },
		access.Errorf(access.CodeNotFound, "no server has signed the log yet"), `SELECT signed FROM checkpoints ORDER BY size DESC LIMIT 1`)
}
