package sshcert

import (
	"context"
	"errors"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// Grant implements integrations.Target. Errors are also of code conflict: the
// grant was revoked, or is open on other terms.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	ent, unlock, err := t.begin(ctx, g)
	if err != nil {
		return err
	}
	defer unlock()
	_, err = t.find(ent, g.Name)
	if !errors.Is(err, integrations.ErrNotOpen) {
		// The expiry of a line that is there is left alone: this may be a retry that
		// an extension overtook.
		return err
	}
	if err := t.dir.BeginUsage(g.Name); err != nil {
		return err
	}
	return t.dir.SetAdmission(g.Name, ent.User, ent.line(g))
}

// Extend implements integrations.Extender.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	ent, unlock, err := t.begin(ctx, g)
	if err != nil {
		return err
	}
	defer unlock()
	line, err := t.find(ent, g.Name)
	if err != nil || !g.ExpiresAt.After(line.Options.ExpiresAt) {
		return err
	}
	return t.dir.SetAdmission(g.Name, ent.User, ent.line(g))
}

// begin decodes the entitlement of a grant that is to be changed, and keeps
// other writers out until unlock is called. Errors are also of code conflict:
// the grant was revoked. That is looked up under the lock, because a revoke may
// have held it until now.
func (t *target) begin(ctx context.Context, g access.Grant) (ent entitlement, unlock func(), err error) {
	if ent, err = t.config.entitlement(g.Entitlement); err != nil {
		return ent, nil, err
	}
	if unlock, err = t.dir.Lock(ctx); err != nil {
		return ent, nil, err
	}
	closed, err := t.dir.IsClosed(g.Name)
	if err == nil && closed {
		err = integrations.ErrRevoked
	}
	if err != nil {
		unlock()
	}
	return ent, unlock, err
}

// find returns the grant's line. It returns integrations.ErrNotOpen if no login's
// file has one, and an error of code conflict if another login's has one or the
// line is not as it was granted.
func (t *target) find(ent entitlement, grant string) (line hostfiles.Line, err error) {
	admissions, err := t.dir.Admissions(grant)
	if err != nil {
		return line, err
	}
	own := admissions[ent.User]
	switch {
	case len(admissions) == 0:
		return line, integrations.ErrNotOpen
	case len(admissions) > 1, len(own) == 0, !ent.admittedBy(own[0]):
		return line, integrations.ErrChanged("its line in the host's file")
	}
	return own[0], nil
}
