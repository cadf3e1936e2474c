package mysql

import (
	"cmp"
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// cutTimeout is how long Revoke waits for sessions to end.
const cutTimeout = 5 * time.Second

// Revoke implements integrations.Target. Its steps, each right to repeat after a crash:
//
//  1. close: the grant is marked as closed, its accounts are locked, its role is dropped,
//     its sessions are killed, what accounts were given by hand is taken;
//  2. its events and triggers are removed, and their text kept;
//  3. cut, until no session is left: somebody may have logged in during the first, an event
//     may have begun, and one that is killed may still roll back;
//  4. the accounts are dropped. Until then Inspect says that the grant is open.
//
// The first takes the access away, whatever people hold up. Errors are of code unavailable
// while something is held up.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	return t.with(ctx, func(c *session) error {
		if err := c.call(ctx, "CALL ramp.close(?)", nil, g.Name); err != nil {
			return err
		}
		made := c.call(ctx, "CALL ramp.remove_made(?)", nil, g.Name)
		// What can still be used counts as well: closing passes over what fails.
		cut := awaitCut(ctx, func() (n int, err error) {
			var usable int
			err = c.call(ctx, "CALL ramp.cut(?)", func(_ int, scan func(...any) error) error { return scan(&n, &usable) }, g.Name)
			return n + usable, err
		})
		if err := cmp.Or(cut, made); err != nil {
			return err
		}
		return c.call(ctx, "CALL ramp.drop_accounts(?)", nil, g.Name)
	})
}

// awaitCut waits until no session is left. It is an error of code unavailable if some are
// for longer than cutTimeout.
func awaitCut(ctx context.Context, count func() (int, error)) error {
	bounded, cancel := context.WithTimeout(ctx, cutTimeout)
	defer cancel()
	return integrations.AwaitGone(bounded, "sessions of the grant", 20*time.Millisecond, count)
}
