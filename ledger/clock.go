package ledger

import (
	"context"
	"time"
)

// Now returns the time of the database's clock in UTC, to the millisecond: one that
// all workers share, and that is not Temporal's. With SQLite it is this machine's.
func (l *Ledger) Now(ctx context.Context) (time.Time, error) {
	var milliseconds int64
	if err := l.reads.QueryRowContext(ctx, `SELECT `+l.dialect.milliseconds()).Scan(&milliseconds); err != nil {
		return time.Time{}, unavailable(err)
	}
	return time.UnixMilli(milliseconds).UTC(), nil
}
