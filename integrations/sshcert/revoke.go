package sshcert

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/internal/clock"
)

// Revoke implements integrations.Target. The steps are in this order so that a
// crash after any of them leaves something that List finds, and running all of
// them again is right.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	if err := checkName(g.Name); err != nil {
		return err
	}
	if err := t.shut(ctx, g.Name); err != nil {
		return err
	}
	// Only now, when nobody can get in any more. A login that was under way is
	// seen here, because hosts register a connection before they read the line.
	return t.sessions.Cut(ctx, g.Name)
}

// shut takes the grant out of the host's files.
func (t *target) shut(ctx context.Context, grant string) error {
	unlock, err := t.dir.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := t.dir.Close(grant); err != nil {
		return err
	}
	users, err := t.dir.Users()
	if err != nil {
		return err
	}
	for _, user := range users {
		content, err := t.dir.Principals(user)
		if err != nil {
			return err
		}
		if rest, dropped := hostfiles.Drop(content, grant); dropped {
			if err := t.dir.SetPrincipals(user, rest); err != nil {
				return err
			}
		}
	}
	// Second lock on the same door, should somebody restore an old principals file.
	keys, err := t.dir.Issued(grant)
	if err != nil {
		return err
	}
	if err := t.dir.RevokeKeys(keys, clock.Now()); err != nil {
		return err
	}
	return t.dir.DropIssued(grant)
}
