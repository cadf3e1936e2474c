package postgres

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader: what Ramp needs, its functions do, which
// setup makes in each database, so that its own login needs no right of its own. Errors are
// those of the server.
func (t *target) Rights(ctx context.Context) (r integrations.Rights, err error) {
	for _, database := range t.config.databases() {
		err := t.with(ctx, database, func(c *session) error { return t.pingDatabase(ctx, c, database) })
		switch {
		case access.CodeOf(err) == access.CodeForbidden:
			r.Lacks = append(r.Lacks, access.Clip(err.Error(), 300))
		case err != nil:
			return r, err
		}
	}
	err = t.with(ctx, t.config.Home, func(c *session) error {
		own, err := ownRights(ctx, c)
		for _, may := range own {
			r.TooMuch = append(r.TooMuch, "its own login "+t.config.User+" "+may)
		}
		return err
	})
	return r, err
}

// ownRights returns what Ramp's own login may do by itself, in words that follow its name.
func ownRights(ctx context.Context, c *session) (all []string, err error) {
	own, err := rows[struct{ May string }](ctx, c, `SELECT what FROM (
		SELECT CASE WHEN rolsuper THEN 'is a superuser' END AS what FROM pg_roles WHERE rolname = current_user
		UNION ALL SELECT CASE WHEN rolcreaterole THEN 'may make roles' END FROM pg_roles WHERE rolname = current_user
		UNION ALL SELECT CASE WHEN rolcreatedb THEN 'may make databases' END FROM pg_roles WHERE rolname = current_user
		UNION ALL SELECT CASE WHEN rolreplication THEN 'may replicate' END FROM pg_roles WHERE rolname = current_user
		UNION ALL SELECT CASE WHEN rolbypassrls THEN 'bypasses row security' END FROM pg_roles WHERE rolname = current_user
		UNION ALL SELECT 'is a member of ' || roleid::regrole FROM pg_auth_members WHERE member = current_user::regrole) x WHERE what IS NOT NULL`)
	for _, one := range own {
		all = append(all, one.May)
	}
	return all, err
}
