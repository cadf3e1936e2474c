package postgres

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// cutTimeout is how long Revoke waits for sessions to end.
const cutTimeout = 5 * time.Second

// Revoke implements integrations.Target. Its steps, each its own transaction, and each
// right to repeat after a crash:
//
//  1. close: the sessions end, the grant is marked as closed, its logins cannot log in;
//  2. cut, until no session is left: somebody may have logged in during the first;
//  3. in each database, what was made there goes to a role without rights, and the
//     privileges there go;
//  4. the roles are dropped. Until then Inspect says that the grant is open.
//
// Errors are of code unavailable while a session is left, and conflict if something is
// left in a database that the target does not list.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	disown := func(c *session) error { return c.call(ctx, `SELECT ramp.disown($1)`, g.Name) }
	return t.with(ctx, t.config.Home, func(c *session) error {
		if err := c.call(ctx, `SELECT ramp.close($1)`, g.Name); err != nil {
			return err
		}
		if err := t.cut(ctx, c, g.Name); err != nil {
			return err
		}
		if err := c.call(ctx, `SELECT ramp.strip($1)`, g.Name); err != nil {
			return err
		}
		for _, database := range t.config.databases() {
			var err error
			if database == t.config.Home {
				err = disown(c)
			} else {
				err = t.with(ctx, database, disown)
			}
			if err != nil {
				return err
			}
		}
		return c.call(ctx, `SELECT ramp.drop($1)`, g.Name)
	})
}

// cut ends the sessions of a grant and waits until they are gone.
func (t *target) cut(ctx context.Context, c *session, grant string) error {
	bounded, cancel := context.WithTimeout(ctx, cutTimeout)
	defer cancel()
	return integrations.AwaitGone(bounded, "sessions or prepared transactions of the grant", 20*time.Millisecond, func() (int, error) {
		left, err := rows[struct{ N int }](ctx, c, `SELECT ramp.cut($1)`, grant)
		if err != nil {
			return 0, err
		}
		return left[0].N, nil
	})
}
