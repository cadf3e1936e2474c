package postgres

import (
	"context"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
)

var (
	_ integrations.Target        = (*target)(nil)
	_ integrations.Minter        = (*target)(nil)
	_ integrations.Extender      = (*target)(nil)
	_ integrations.DriftDetector = (*target)(nil)
	_ integrations.Pinger        = (*target)(nil)
	_ integrations.Inventory     = (*target)(nil)
)

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	terms, err := t.config.termsOf(e)
	if err != nil {
		return access.Scope{}, err
	}
	var gives []string
	facts := map[string]string{"address": t.config.Clients, "database": terms.database}
	if len(terms.roles) > 0 {
		names := make([]string, len(terms.roles))
		for i, r := range terms.roles {
			names[i] = quoted(r)
		}
		facts["roles"] = strings.Join(names, ", ")
		gives = append(gives, "as a member of "+facts["roles"])
	}
	if len(terms.tables) > 0 {
		names := make([]string, len(terms.tables))
		for i, one := range terms.tables {
			names[i] = one.String()
		}
		facts["tables"], facts["privileges"] = strings.Join(names, ", "), strings.Join(terms.privileges, ", ")
		gives = append(gives, "with "+facts["privileges"]+" on "+facts["tables"])
	}
	ends := "Postgres itself refuses logins with this password from the end of access on; Ramp cuts the sessions that are open then. " +
		"While Ramp is gone, a session that is open goes on"
	if len(terms.roles) > 0 && t.config.RolesMayCreate {
		ends += ". On Postgres 14 and 15, what somebody makes after SET ROLE to one of the roles belongs to that role and keeps its rights"
	}
	return access.Scope{
		Summary: "use database " + terms.database + " of " + t.name + " (" + t.config.Clients + ") " + strings.Join(gives, " and "),
		Facts:   facts,
		Ends:    ends,
	}, nil
}

// Bounds implements integrations.Target. All goes through the primary. An operation is a
// connection, or one for each database.
func (t *target) Bounds() integrations.Bounds {
	return integrations.Bounds{Consistency: 0, Ending: 30 * time.Second, Rate: pacing.Rate{PerSecond: 50, Burst: 50}}
}

// Inspect implements integrations.Target. Open is while any role of the grant is there;
// an interrupted revoke leaves some behind. Sessions are backends and prepared
// transactions of its roles, of those too that somebody dropped by hand.
func (t *target) Inspect(ctx context.Context, g access.Grant) (r access.ReadBack, err error) {
	err = t.with(ctx, t.config.Home, func(c *session) error {
		found, err := rows[struct {
			Open     bool
			Sessions int
		}](ctx, c, `SELECT EXISTS (SELECT FROM ramp.held h JOIN pg_roles r ON r.oid = h.role WHERE h.grant_name = $1), ramp.sessions($1)`, g.Name)
		if err == nil {
			r.Open, r.Sessions = found[0].Open, found[0].Sessions
		}
		return err
	})
	return r, err
}

// List implements integrations.Target: every role of Ramp's, and roles that were dropped
// by hand and have sessions.
func (t *target) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	err = t.with(ctx, t.config.Home, func(c *session) error {
		found, err := rows[struct {
			Name string
			Ends *time.Time
		}](ctx, c, `SELECT h.grant_name, CASE WHEN isfinite(r.rolvaliduntil) THEN r.rolvaliduntil END
			FROM ramp.held h LEFT JOIN pg_roles r ON r.oid = h.role
			WHERE r.oid IS NOT NULL OR h.role IN (SELECT usesysid FROM pg_stat_activity UNION SELECT ownerid FROM pg_prepared_xact())`)
		for _, one := range found {
			l := integrations.ListedGrant{Name: one.Name}
			if one.Ends != nil {
				l.ExpiresAt = one.Ends.UTC()
			}
			listed = append(listed, l)
		}
		return err
	})
	return listed, err
}
