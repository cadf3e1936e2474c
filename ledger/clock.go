package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Now returns the time of the database's clock in UTC, to the second: one that all
// workers share, and that is not Temporal's. With SQLite it is this machine's.
func (l *Ledger) Now(ctx context.Context) (time.Time, error) {
	query := `SELECT CAST(strftime('%s', 'now') AS INTEGER)`
	if l.dialect == postgres {
		query = `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)`
	}
	var seconds int64
	if err := l.read.QueryRowContext(ctx, query).Scan(&seconds); err != nil {
		return time.Time{}, access.Errorf(access.CodeUnavailable, "ledger: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
