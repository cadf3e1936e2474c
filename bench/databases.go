package main

import (
	"context"
	"database/sql"
	"path/filepath"

	"ramp.dev/ramp/dev/temporalserver"
)

// databases is what databases take, in bytes: what is free in their files not counted.
type databases struct{ temporal, ledger float64 }

func (b *bench) databases(ctx context.Context) (d databases, err error) {
	if p := b.installation.postgres; p != nil {
		var visibility float64
		for database, into := range map[string]*float64{temporalserver.MainDatabase: &d.temporal, temporalserver.VisibilityDatabase: &visibility, ledgerDatabase: &d.ledger} {
			if *into, err = query(ctx, "pgx", p.address(database), "SELECT pg_database_size(current_database())"); err != nil {
				return d, err
			}
		}
		d.temporal += visibility
		return d, nil
	}
	const used = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
	if d.temporal, err = query(ctx, "sqlite", filepath.Join(b.dir, "temporal", "temporal.db"), used); err != nil {
		return d, err
	}
	if !b.hasRamp() {
		return d, nil
	}
	d.ledger, err = query(ctx, "sqlite", filepath.Join(b.dir, "ledger.db"), used)
	return d, err
}

func (b *bench) hasRamp() bool {
	for _, s := range b.installation.sides {
		if s.name() == rampSide {
			return true
		}
	}
	return false
}

func query(ctx context.Context, driver, address, text string) (v float64, err error) {
	db, err := sql.Open(driver, address)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return v, db.QueryRowContext(ctx, text).Scan(&v)
}
