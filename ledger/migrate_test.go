package ledger_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/pressly/goose/v3/lock"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

// TestOneMigrates: servers and workers start together on a new Postgres. While one of them
// migrates, another waits and touches nothing. Where they migrated beside each other, one
// found tables made that it was making, however often it tried again, and ended.
func TestOneMigrates(t *testing.T) {
	address := ledgertest.Postgres(t)
	first := rawConnection(t, address)
	_, err := first.ExecContext(t.Context(), `SELECT pg_advisory_lock($1)`, lock.DefaultLockID)
	require.NoError(t, err)
	opened := make(chan error, 1)
	go func() {
		l, err := ledger.Open(ctx, address)
		if err == nil {
			err = l.Close()
		}
		opened <- err
	}()
	tables := func() (n int) {
		require.NoError(t, first.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'`).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool {
		var waits bool
		require.NoError(t, first.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid())`).Scan(&waits))
		return waits || tables() > 0
	}, time.Minute, 10*time.Millisecond, "nobody asks for the lock")
	require.Zero(t, tables(), "it migrates beside the first one")
	_, err = first.ExecContext(t.Context(), `SELECT pg_advisory_unlock($1)`, lock.DefaultLockID)
	require.NoError(t, err)
	require.NoError(t, <-opened)
	require.Positive(t, tables())
}

func rawConnection(t *testing.T, address string) *sql.Conn {
	db, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	c, err := db.Conn(t.Context())
	require.NoError(t, err)
	return c
}
