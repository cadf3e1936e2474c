package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"ramp.dev/ramp/dev/temporalserver"
)

// served is what Postgres did up to now, by name of the count: transactions of each
// database, and flushes of its log, which all databases share.
func (p *postgres) served(ctx context.Context) (figures, error) {
	db, err := sql.Open("pgx", p.address("postgres"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	out := figures{}
	for _, name := range []string{temporalserver.MainDatabase, temporalserver.VisibilityDatabase, ledgerDatabase} {
		var commits, rollbacks float64
		if err := db.QueryRowContext(ctx, `SELECT xact_commit, xact_rollback FROM pg_stat_database WHERE datname = $1`, name).Scan(&commits, &rollbacks); err != nil {
			return nil, err
		}
		out["transactions, database "+name] = commits
		out["transactions rolled back, database "+name] = rollbacks
	}
	var syncs float64
	err = db.QueryRowContext(ctx, `SELECT wal_sync FROM pg_stat_wal`).Scan(&syncs)
	out["flushes of Postgres's log"] = syncs
	return out, err
}

// statementsModule is a module of Postgres's own that counts statements.
const statementsModule = "pg_stat_statements"

// countStatements begins to count statements from zero.
func (p *postgres) countStatements(ctx context.Context) error {
	return errors.Join(p.execute(ctx, "CREATE EXTENSION IF NOT EXISTS "+statementsModule), p.execute(ctx, "SELECT pg_stat_statements_reset()"))
}

// writeStatements appends to a file what Postgres ran since they are counted, by how
// long it took, for each of n lives.
func (p *postgres) writeStatements(ctx context.Context, path, heading string, n int) error {
	db, err := sql.Open("pgx", p.address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT datname, calls, total_exec_time, rows, query FROM pg_stat_statements
		JOIN pg_database ON pg_database.oid = dbid ORDER BY datname, total_exec_time DESC`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: of one of %d lives\ncalls\tms\trows\tdatabase\tstatement\n", heading, n)
	for rows.Next() {
		var database, query string
		var calls, took, count float64
		if err := rows.Scan(&database, &calls, &took, &count, &query); err != nil {
			return err
		}
		each := float64(n)
		fmt.Fprintf(&b, "%.2f\t%.2f\t%.2f\t%s\t%s\n", calls/each, took/each, count/each, database, strings.Join(strings.Fields(query), " "))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // #nosec G304 -- the person who runs the bench names it
	if err != nil {
		return err
	}
	_, err = f.WriteString(b.String())
	return errors.Join(err, f.Close())
}
