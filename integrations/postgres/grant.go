package postgres

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Grant implements integrations.Target. The role is made whole in one transaction;
// privileges on tables follow in another, since they may be in another database. Errors
// are also of code conflict: the grant was revoked, or is open on other terms.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return err
	}
	var now state
	if err := t.checkCreators(ctx, terms); err != nil {
		return err
	}
	err = t.with(ctx, t.config.Home, func(c *session) error {
		if err := c.call(ctx, `SELECT ramp.open($1, $2, $3)`, g.Name, g.ExpiresAt, list(terms.roles)); err != nil {
			return err
		}
		// The end of a role that is there is left alone: this may be a retry that an
		// extension overtook.
		now, err = readState(ctx, c, g.Name)
		return err
	})
	if err != nil {
		return err
	}
	if !now.there() {
		return integrations.ErrRevoked // under its hands
	}
	if len(now.differences(g.Name, terms, t.config.Connections)) > 0 {
		return integrations.ErrChanged("its role in Postgres")
	}
	return t.give(ctx, g.Name, terms)
}

// give gives a grant's privileges on tables. It is idempotent.
func (t *target) give(ctx context.Context, grant string, terms terms) error {
	if len(terms.tables) == 0 {
		return nil
	}
	var schemas, tables, given []string
	for _, one := range terms.tables {
		for _, p := range terms.privileges {
			schemas, tables, given = append(schemas, one.schema), append(tables, one.name), append(given, p)
		}
	}
	return t.with(ctx, terms.database, func(c *session) error {
		return c.call(ctx, `SELECT ramp.give($1, $2, $3, $4)`, grant, schemas, tables, given)
	})
}

// checkCreators returns an error of code forbidden if a role may create something in one
// of the other databases, on a server where that would outlive the grant. Of the home
// database, ramp.open says so.
func (t *target) checkCreators(ctx context.Context, terms terms) error {
	if len(terms.roles) == 0 || t.config.RolesMayCreate {
		return nil
	}
	for _, database := range t.config.databases() {
		if database == t.config.Home {
			continue
		}
		err := t.with(ctx, database, func(c *session) error { return c.call(ctx, `SELECT ramp.check_creators($1)`, terms.roles) })
		if err != nil {
			return err
		}
	}
	return nil
}

// list is an empty list where there is none: to Postgres, none is NULL.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// Extend implements integrations.Extender: of the grant's role and of all its logins.
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	return t.with(ctx, t.config.Home, func(c *session) error {
		if err := t.asGranted(ctx, c, g); err != nil {
			return err
		}
		return c.call(ctx, `SELECT ramp.extend($1, $2)`, g.Name, g.ExpiresAt)
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
	case !now.there():
		return integrations.ErrNotOpen
	case len(now.differences(g.Name, terms, t.config.Connections)) > 0:
		return integrations.ErrChanged("its role in Postgres")
	}
	return nil
}
