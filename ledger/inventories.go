package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Lists of what targets have, as their workers signed them. The ledger believes nothing
// of them; their readers verify them.

// KeepInventory keeps a list of what a target has, in place of what was kept before.
func (l *Ledger) KeepInventory(ctx context.Context, name access.InventoryName, envelope []byte, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO inventories (target, list, envelope, kept_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (target, list) DO UPDATE SET envelope = excluded.envelope, kept_at = excluded.kept_at`,
			name.Target, name.List, string(envelope), micros(at))
		return err
	})
}

// ForgetInventory forgets a list that a target has no more.
func (l *Ledger) ForgetInventory(ctx context.Context, name access.InventoryName) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM inventories WHERE target = ? AND list = ?`, name.Target, name.List)
		return err
	})
}

// InventoryLists returns the lists that are kept of a target, in order.
func (l *Ledger) InventoryLists(ctx context.Context, target string) ([]string, error) {
	return collect(ctx, l.reader(), scanText, `SELECT list FROM inventories WHERE target = ? ORDER BY list`, target)
}

// InventoryKeptAt returns when a list was kept last, which says whether it must be read
// again: it may have megabytes. CodeNotFound if there is none.
func (l *Ledger) InventoryKeptAt(ctx context.Context, name access.InventoryName) (time.Time, error) {
	at, err := first(ctx, l.reader(), scanInt, noInventory(name), `SELECT kept_at FROM inventories WHERE target = ? AND list = ?`, name.Target, name.List)
	return time.UnixMicro(at).UTC(), err
}

// Inventory returns the envelope of a list; CodeNotFound if there is none.
func (l *Ledger) Inventory(ctx context.Context, name access.InventoryName) ([]byte, error) {
	envelope, err := first(ctx, l.reader(), scanText, noInventory(name), `SELECT envelope FROM inventories WHERE target = ? AND list = ?`, name.Target, name.List)
	return []byte(envelope), err
}

func noInventory(name access.InventoryName) error {
	return access.Errorf(access.CodeNotFound, "no worker has said what the %s are", name)
}
