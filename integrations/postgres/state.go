package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// state is what the cluster has of one grant.
type state struct {
	closed  bool
	roles   []role
	members []member
}

// role is the grant's role, or one of its logins.
type role struct {
	Oid         uint32
	Name        string
	Login       bool
	More        []string // what it may do that Ramp never gives: attributes
	Connections int
	Ends        *time.Time // nil: never
	Recorded    bool       // Ramp made it
}

// member is one membership that one of the grant's roles is in, on either side.
type member struct {
	Of, Member string
	Admin      bool // it may give the membership to others
	Becomes    bool // it may SET ROLE; from Postgres 16 on
}

const rolesQuery = `SELECT r.oid, r.rolname, r.rolcanlogin,
	array_remove(ARRAY[CASE WHEN r.rolsuper THEN 'superuser' END, CASE WHEN r.rolcreaterole THEN 'create roles' END,
		CASE WHEN r.rolcreatedb THEN 'create databases' END, CASE WHEN r.rolreplication THEN 'replicate' END,
		CASE WHEN r.rolbypassrls THEN 'bypass row security' END], NULL),
	r.rolconnlimit, CASE WHEN isfinite(r.rolvaliduntil) THEN r.rolvaliduntil END,
	EXISTS (SELECT FROM ramp.roles m WHERE m.role = r.oid AND m.grant_name = $1)
	FROM ramp.held h JOIN pg_roles r ON r.oid = h.role WHERE h.grant_name = $1 ORDER BY r.rolname`

const membersQuery = `SELECT a.rolname, b.rolname, m.admin_option, coalesce((to_jsonb(m) ->> 'set_option')::boolean, false) FROM pg_auth_members m
	JOIN pg_roles a ON a.oid = m.roleid JOIN pg_roles b ON b.oid = m.member
	WHERE m.roleid IN (SELECT role FROM ramp.held WHERE grant_name = $1) OR m.member IN (SELECT role FROM ramp.held WHERE grant_name = $1)
	ORDER BY 1, 2`

// readState reads a grant's roles in the home database.
func readState(ctx context.Context, c *session, grant string) (s state, err error) {
	closed, err := rows[struct{ Closed bool }](ctx, c, `SELECT closed IS NOT NULL FROM ramp.grants WHERE name = $1`, grant)
	if err != nil {
		return s, err
	}
	s.closed = len(closed) > 0 && closed[0].Closed
	if s.roles, err = rows[role](ctx, c, rolesQuery, grant); err != nil {
		return s, err
	}
	s.members, err = rows[member](ctx, c, membersQuery, grant)
	return s, err
}

// there reports whether there is anything of the grant's roles.
func (s state) there() bool { return len(s.roles) > 0 }

// differences returns how a grant's roles differ from what was granted, but for their
// ends.
func (s state) differences(grant string, terms terms, connections int) (out []string) {
	names := map[string]bool{}
	own := false
	for _, r := range s.roles {
		names[r.Name], own = true, own || r.Name == grant
		if len(r.More) > 0 {
			out = append(out, fmt.Sprintf("%s may %s", r.Name, strings.Join(r.More, ", ")))
		}
		switch {
		case r.Name == grant && r.Login:
			out = append(out, "the grant's own role may log in")
		case r.Name != grant && (r.Connections < 0 || r.Connections > connections):
			out = append(out, fmt.Sprintf("%s may have %d sessions instead of %d", r.Name, r.Connections, connections))
		}
	}
	if s.there() && !own {
		out = append(out, "the grant's own role is not there")
	}
	given := map[string]bool{}
	for _, m := range s.members {
		switch {
		case m.Admin:
			out = append(out, fmt.Sprintf("%s may make others members of %s", m.Member, m.Of))
		case m.Member == grant && m.Becomes && slices.Contains(terms.roles, m.Of):
			out = append(out, "it may SET ROLE "+m.Of)
		case m.Member == grant && slices.Contains(terms.roles, m.Of):
			given[m.Of] = true
		case m.Of == grant && names[m.Member]:
			given[m.Member] = true
		default:
			out = append(out, fmt.Sprintf("%s was made a member of %s", m.Member, m.Of))
		}
	}
	for _, r := range terms.roles {
		if own && !given[r] {
			out = append(out, "it is no member of "+r)
		}
	}
	for _, r := range s.roles {
		if own && r.Name != grant && !given[r.Name] {
			out = append(out, r.Name+" is no member of the grant's role")
		}
	}
	return out
}

// strange returns what no restoring mends: roles that Ramp did not make under these
// names, and roles of Ramp's that have another name now.
func (s state) strange(grant string) (out []string) {
	for _, r := range s.roles {
		switch {
		case !r.Recorded:
			out = append(out, r.Name+" was made by hand")
		case r.Name != grant && !strings.HasPrefix(r.Name, grant+"-"):
			out = append(out, "a role of the grant is called "+r.Name+" now")
		}
	}
	return out
}
