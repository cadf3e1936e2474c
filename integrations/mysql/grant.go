package mysql

import (
	"context"
	"encoding/json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Grant implements integrations.Target. What is given is in the grant's row on the server
// before anything is made, so a call that comes again finishes what is half made, and
// adds nothing. Errors are also of code conflict: the grant was revoked, or is open on
// other terms.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return err
	}
	roles, gives, err := terms.lists()
	if err != nil {
		return err
	}
	return t.with(ctx, func(c *session) error {
		// The end of a grant that is there is left alone: this may be a retry that an
		// extension overtook.
		if err := c.call(ctx, "CALL ramp.open(?, ?, ?, ?)", nil, g.Name, g.ExpiresAt.Unix(), roles, gives); err != nil {
			return err
		}
		return t.asGranted(ctx, c, g)
	})
}

// lists returns the terms as setup.sql reads them: JSON of roles, and of objects as GRANT
// reads them, each with a privilege.
func (t terms) lists() (roles, gives string, err error) {
	pairs := [][2]string{}
	for _, one := range t.objects {
		for _, p := range t.privileges {
			pairs = append(pairs, [2]string{one.granted(), p})
		}
	}
	r, err := json.Marshal(append([]string{}, t.roles...))
	if err != nil {
		return "", "", access.Errorf(access.CodeInternal, "roles: %w", err)
	}
	p, err := json.Marshal(pairs)
	if err != nil {
		return "", "", access.Errorf(access.CodeInternal, "privileges: %w", err)
	}
	return string(r), string(p), nil
}

// Extend implements integrations.Extender. The accounts have no end of their own.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	return t.with(ctx, func(c *session) error {
		if err := t.asGranted(ctx, c, g); err != nil {
			return err
		}
		return c.call(ctx, "CALL ramp.extend(?, ?)", nil, g.Name, g.ExpiresAt.Unix())
	})
}

// asGranted returns nil for a grant that is open on the terms of its entitlement. Errors
// are also of code not_found and conflict.
func (t *target) asGranted(ctx context.Context, c *session, g access.Grant) error {
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return err
	}
	now, err := readState(ctx, c, g.Name)
	switch {
	case err != nil:
		return err
	case now.closed:
		return integrations.ErrRevoked
	case len(now.accounts) == 0:
		return integrations.ErrNotOpen
	case len(now.differences(g.Name, terms, t.config.Connections)) > 0:
		return integrations.ErrChanged("its role in MariaDB")
	}
	return nil
}
