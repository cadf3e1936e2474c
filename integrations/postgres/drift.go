package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Drift implements integrations.DriftDetector: attributes, memberships and ends of the
// grant's roles, and privileges that they have on anything in any database. What people
// made with their access is theirs, and no difference.
func (t *target) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	_, roles, objects, err := t.drift(ctx, g)
	return append(roles, objects...), err
}

// drift returns what there is of a grant, the differences that Restore mends, and those that
// only closing ends.
func (t *target) drift(ctx context.Context, g access.Grant) (now state, mends, ends []string, err error) {
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return now, nil, nil, err
	}
	err = t.with(ctx, t.config.Home, func(c *session) error {
		now, err = readState(ctx, c, g.Name)
		return err
	})
	if err != nil || now.closed || !now.there() {
		return now, nil, nil, err
	}
	mends = now.differences(g.Name, terms, t.config.Connections)
	for _, r := range now.roles {
		if r.Ends == nil {
			mends = append(mends, r.Name+" never ends")
		} else {
			mends = append(mends, integrations.EndDrift(r.Name+" ends at", *r.Ends, g.ExpiresAt)...)
		}
	}
	ends = now.strange(g.Name)
	err = t.with(ctx, terms.database, func(c *session) error {
		objects, err := t.objects(ctx, c, now, terms)
		ends = append(ends, objects...)
		return err
	})
	return now, mends, ends, err
}

// access of roles to tables and schemas of this database that they do not own, by the
// lists of the catalog. $1 are their oids.
const privilegesQuery = `SELECT n.nspname, c.relname, lower(a.privilege_type), a.is_grantable
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
	WHERE a.grantee = ANY ($1::oid[]) AND NOT c.relowner = ANY ($1::oid[])
	UNION ALL
	SELECT n.nspname, '', lower(a.privilege_type), a.is_grantable FROM pg_namespace n, aclexplode(n.nspacl) a
	WHERE a.grantee = ANY ($1::oid[]) AND NOT n.nspowner = ANY ($1::oid[])
	ORDER BY 1, 2, 3`

// Everything else on which roles have privileges or policies, in all databases: the
// catalog keeps track of it, because such roles cannot be dropped. What belongs to the
// roles themselves is left out, and so is what privilegesQuery sees.
const elsewhereQuery = `SELECT coalesce(d.datname, 'all databases'), count(*)::int
	FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid
	WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = ANY ($1::oid[]) AND s.deptype <> 'o'
	AND NOT (s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND s.classid IN ('pg_class'::regclass, 'pg_namespace'::regclass) AND s.objsubid = 0 AND s.deptype = 'a')
	AND NOT EXISTS (SELECT FROM pg_shdepend o WHERE o.dbid = s.dbid AND o.classid = s.classid AND o.objid = s.objid
		AND o.deptype = 'o' AND o.refclassid = s.refclassid AND o.refobjid = ANY ($1::oid[]))
	GROUP BY 1 ORDER BY 1`

// objects returns how the privileges of a grant's roles differ from what was granted.
func (t *target) objects(ctx context.Context, c *session, now state, terms terms) (out []string, err error) {
	oids := make([]uint32, len(now.roles))
	for i, r := range now.roles {
		oids[i] = r.Oid
	}
	found, err := rows[struct {
		Schema, Table, Privilege string
		Grantable                bool
	}](ctx, c, privilegesQuery, oids)
	if err != nil {
		return nil, err
	}
	want := terms.wanted()
	for _, one := range found {
		what := one.Privilege + " on schema " + quoted(one.Schema)
		if one.Table != "" {
			what = one.Privilege + " on " + table{one.Schema, one.Table}.String()
		}
		if _, granted := want[what]; !granted || one.Grantable {
			out = append(out, "it was given "+what)
		}
		delete(want, what)
	}
	for _, what := range sortedKeys(want) {
		out = append(out, "it lacks "+what)
	}
	elsewhere, err := rows[struct {
		Database string
		N        int
	}](ctx, c, elsewhereQuery, oids)
	for _, one := range elsewhere {
		out = append(out, fmt.Sprintf("it was given privileges on %d other objects in %s", one.N, one.Database))
	}
	return slices.Compact(out), err
}

// wanted returns the privileges that are granted, each in words.
func (t terms) wanted() map[string]struct{} {
	want := map[string]struct{}{}
	for _, one := range t.tables {
		want["usage on schema "+quoted(one.schema)] = struct{}{}
		for _, p := range t.privileges {
			want[p+" on "+one.String()] = struct{}{}
		}
	}
	return want
}

// Restore implements integrations.DriftDetector. It ends the sessions of the grant: they
// may have begun under other terms. Errors are of code conflict if the grant was revoked,
// and if somebody gave privileges on objects: taking all of them back takes what people
// made, too, so the grant is closed.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	now, mends, ends, err := t.drift(ctx, g)
	if err != nil {
		return err
	}
	if now.closed {
		return integrations.ErrRevoked
	}
	if len(ends) > 0 {
		return access.Errorf(access.CodeConflict, "only closing ends it: %s", strings.Join(ends, "; "))
	}
	if len(mends) == 0 {
		return nil
	}
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return err
	}
	return t.with(ctx, t.config.Home, func(c *session) error {
		if err := c.call(ctx, `SELECT ramp.restore($1, $2, $3, $4)`, g.Name, g.ExpiresAt, list(terms.roles), t.config.Connections); err != nil {
			return err
		}
		if err := t.cut(ctx, c, g.Name); err != nil {
			return err
		}
		return nonePrepared(ctx, c, g.Name)
	})
}
