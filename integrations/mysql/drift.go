package mysql

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Drift implements integrations.DriftDetector: attributes, memberships and privileges of
// the grant's role and accounts, accounts of its name that Ramp did not make, and its end.
func (t *target) Drift(ctx context.Context, g access.Grant) (out []string, err error) {
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return nil, err
	}
	err = t.with(ctx, func(c *session) error {
		out, err = t.drift(ctx, c, g, terms)
		return err
	})
	return out, err
}

func (t *target) drift(ctx context.Context, c *session, g access.Grant, terms terms) ([]string, error) {
	now, err := readState(ctx, c, g.Name)
	if err != nil || now.closed || len(now.accounts) == 0 {
		return nil, err
	}
	return append(now.differences(g.Name, terms, t.config.Connections), integrations.EndDrift("it ends at", now.ends, g.ExpiresAt)...), nil
}

// Restore implements integrations.DriftDetector. It ends the sessions of the grant: they
// may have begun under other terms. Errors are of code conflict if the grant was revoked,
// and if something is left that making all of it again does not mend.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return err
	}
	return t.with(ctx, func(c *session) error {
		now, err := readState(ctx, c, g.Name)
		switch {
		case err != nil:
			return err
		case now.closed:
			return integrations.ErrRevoked
		}
		differences, err := t.drift(ctx, c, g, terms)
		if err != nil || len(differences) == 0 {
			return err
		}
		if err := c.call(ctx, "CALL ramp.restore(?, ?)", nil, g.Name, g.ExpiresAt.Unix()); err != nil {
			return err
		}
		err = awaitCut(ctx, func() (n int, err error) {
			var open bool
			err = c.call(ctx, "CALL ramp.look(?)", func(_ int, scan func(...any) error) error { return scan(&open, &n) }, g.Name)
			return n, err
		})
		if err != nil {
			return err
		}
		if differences, err = t.drift(ctx, c, g, terms); err == nil && len(differences) > 0 {
			err = access.Errorf(access.CodeConflict, "only closing ends it: %s", strings.Join(differences, "; "))
		}
		return err
	})
}
