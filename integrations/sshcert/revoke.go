package sshcert

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// Revoke implements integrations.Target. A crash after any step leaves something
// that List finds, and running all steps again is right.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	if err := t.removeFromFiles(ctx, g.Name); err != nil {
		return err
	}
	// Only now, when nobody can log in any more. A login that was under way is
	// found here, because hosts register a connection before they read the line.
	return t.sessions.Cut(ctx, g.Name)
}

// removeFromFiles marks the grant as closed, removes its lines, and revokes the
// keys that were issued for it.
func (t *target) removeFromFiles(ctx context.Context, grant string) error {
	unlock, err := t.dir.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := t.dir.Close(grant); err != nil {
		return err
	}
	if err := t.dir.SetAdmission(grant, "", ""); err != nil {
		return err
	}
	// The revoked list still refuses the keys if somebody restores an old
	// principals file.
	keys, err := t.dir.Issued(grant)
	if err != nil {
		return err
	}
	if err := t.dir.RevokeKeys(keys, clock.Now()); err != nil {
		return err
	}
	return t.dir.DropIssued(grant)
}
