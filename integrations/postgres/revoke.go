package postgres

import (
	"cmp"
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
//  3. strip: its roles lose their memberships;
//  4. take, in each database: its roles lose their privileges on tables;
//  5. in each database, what was made there goes to a role without rights, some at a
//     time, and the rest of the privileges goes;
//  6. once no prepared transaction is left, the roles are dropped. Until then Inspect says
//     that the grant is open.
//
// The first four take the access away, whatever people hold up: a lock, a login that
// comes back, a prepared transaction. Errors are of code unavailable while something is held
// up, and conflict if something is left in a database that the target does not list.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	return t.with(ctx, t.config.Home, func(c *session) error {
		// What is not noted is lacking in the record of how the grant was used; closing it
		// goes on. One that waits in vain for another look to note the same session tries again.
		for range 3 {
			if c.call(ctx, noteSessions, g.Name) == nil {
				break
			}
		}
		logins, err := number(ctx, c, `SELECT ramp.close($1)`, g.Name)
		if err != nil {
			return err
		}
		cut := t.cut(ctx, c, g.Name)
		memberships, err := number(ctx, c, `SELECT ramp.strip($1)`, g.Name)
		if err != nil {
			return err
		}
		err = t.each(ctx, c, func(c *session) error { return c.call(ctx, `SELECT ramp.take($1)`, g.Name) })
		if err != nil {
			return err
		}
		made := t.each(ctx, c, func(c *session) error { return disown(ctx, c, g.Name) })
		// What is held up by a prepared transaction is said to be.
		held := cmp.Or(nonePrepared(ctx, c, g.Name), cut, none(logins, "logins of the grant"), none(memberships, "memberships of the grant"), made)
		if held != nil {
			return held
		}
		return c.call(ctx, `SELECT ramp.drop($1)`, g.Name)
	})
}

// each runs do in every database, over the session at hand in the home database.
func (t *target) each(ctx context.Context, home *session, do func(*session) error) error {
	for _, database := range t.config.databases() {
		var err error
		if database == t.config.Home {
			err = do(home)
		} else {
			err = t.with(ctx, database, do)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// disown gives what was made in a database to a role without rights, and takes the
// privileges there.
func disown(ctx context.Context, c *session, grant string) error {
	after := uint32(0)
	for {
		found, err := rows[struct{ Last *uint32 }](ctx, c, `SELECT ramp.hand_over($1, $2::oid)`, grant, after)
		if err != nil {
			return err
		}
		if found[0].Last == nil {
			return c.call(ctx, `SELECT ramp.disown($1)`, grant)
		}
		after = *found[0].Last
	}
}

// cut ends the backends of a grant and waits until they are gone.
func (t *target) cut(ctx context.Context, c *session, grant string) error {
	bounded, cancel := context.WithTimeout(ctx, cutTimeout)
	defer cancel()
	return integrations.AwaitGone(bounded, "sessions of the grant", 20*time.Millisecond, func() (int, error) {
		return number(ctx, c, `SELECT ramp.cut($1)`, grant)
	})
}

// nonePrepared returns an error of code unavailable while transactions are prepared: a
// superuser can end them, and waiting does not.
func nonePrepared(ctx context.Context, c *session, grant string) error {
	n, err := number(ctx, c, `SELECT ramp.prepared($1)`, grant)
	if err != nil {
		return err
	}
	return none(n, "prepared transactions of the grant, which a superuser has to roll back,")
}

// none returns an error of code unavailable unless n is 0.
func none(n int, what string) error {
	if n == 0 {
		return nil
	}
	return access.Errorf(access.CodeUnavailable, "%d %s are left", n, what)
}

// number returns the number that a function of setup.sql returns.
func number(ctx context.Context, c *session, statement, grant string) (int, error) {
	found, err := rows[struct{ N int }](ctx, c, statement, grant)
	if err != nil {
		return 0, err
	}
	return found[0].N, nil
}
