package ledger

import (
	"context"
	"time"
)

// Now returns the time of the database's clock in UTC, to the millisecond: one that
// all workers share, and that is not Temporal's. With SQLite it is this machine's.
func (l *Ledger) Now(ctx context.Context) (time.Time, error) {
	query := `SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)`
	if l.dialect == postgres {
		query = `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`
	}
	var milliseconds int64
	if err := l.reads.QueryRowContext(ctx, query).Scan(&milliseconds); err != nil {
		return time.Time{}, unavailable(err)
	}
	return time.UnixMilli(milliseconds).UTC(), nil
}
