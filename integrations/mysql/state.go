package mysql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// state is what the server has of one grant.
type state struct {
	closed     bool
	restoring  bool // a restore did not come to its end
	ends       time.Time
	accounts   []account
	members    []member
	privileges []privilege
}

// account is the grant's role, or one of its accounts.
type account struct {
	name, host  string
	isRole      bool
	server      bool // it has privileges on the whole server
	recorded    bool // Ramp made it
	verified    bool // it logs in by Ramp's verifier alone
	encrypted   bool // it requires TLS, where it should
	connections int
	defaultRole string
}

// member is one membership that the grant's role or accounts are in, on either side.
type member struct {
	of, name, host string
	admin          bool // it may give the membership to others
}

// privilege is what one account or role may do with one object.
type privilege struct{ name, on, may string }

// readState reads what there is of a grant.
func readState(ctx context.Context, c *session, grant string) (s state, err error) {
	err = c.call(ctx, "CALL ramp.state(?)", func(list int, scan func(...any) error) error {
		var a account
		var m member
		var p privilege
		var ends int64
		switch list {
		case 0:
			err := scan(&s.closed, &ends, &s.restoring)
			s.ends = time.Unix(ends, 0).UTC()
			return err
		case 1:
			err := scan(&a.name, &a.host, &a.isRole, &a.server, &a.recorded, &a.verified, &a.encrypted, &a.connections, &a.defaultRole)
			s.accounts = append(s.accounts, a)
			return err
		case 2:
			err := scan(&m.name, &m.host, &m.of, &m.admin)
			s.members = append(s.members, m)
			return err
		}
		err := scan(&p.name, &p.on, &p.may)
		s.privileges = append(s.privileges, p)
		return err
	}, grant)
	return s, err
}

// differences returns how what there is of a grant differs from what was granted, but for
// its end.
func (s state) differences(grant string, terms terms, connections int) (out []string) {
	role := slices.ContainsFunc(s.accounts, func(a account) bool { return a.isRole && a.name == grant })
	if !role {
		out = append(out, "the grant's role is not there")
	}
	if s.restoring {
		out = append(out, "it was being restored, and that did not come to its end")
	}
	for _, a := range s.accounts {
		out = append(out, a.differences(grant, connections)...)
	}
	out = append(out, s.memberships(grant, terms)...)
	want := terms.wanted()
	for _, p := range s.privileges {
		for may := range strings.SplitSeq(p.may, ",") {
			one := may + " on " + p.on
			if !want[one] || p.name != grant {
				out = append(out, p.name+" was given "+one)
			}
			delete(want, one)
		}
	}
	for _, one := range slices.Sorted(maps.Keys(want)) {
		out = append(out, "it lacks "+one)
	}
	return out
}

func (a account) differences(grant string, connections int) (out []string) {
	who := a.name + "@" + a.host
	if a.server {
		out = append(out, who+" has privileges on the whole server")
	}
	switch {
	case a.isRole && a.name != grant:
		return append(out, who+" is a role that was made by hand")
	case a.isRole:
		return out
	case !a.recorded:
		return append(out, who+" was made by hand")
	}
	if !a.verified {
		out = append(out, who+" logs in by something else than was handed out")
	}
	if !a.encrypted {
		out = append(out, who+" may connect without TLS")
	}
	if a.connections != connections {
		out = append(out, fmt.Sprintf("%s may have %d sessions instead of %d (0 is any number)", who, a.connections, connections))
	}
	if a.defaultRole != grant {
		out = append(out, who+" begins with another role")
	}
	return out
}

// memberships returns how memberships differ from what was granted.
func (s state) memberships(grant string, terms terms) (out []string) {
	given := map[string]bool{}
	for _, m := range s.members {
		own := slices.ContainsFunc(s.accounts, func(a account) bool { return a.name == m.name && a.host == m.host && !a.isRole })
		switch {
		case m.admin:
			out = append(out, fmt.Sprintf("%s may give the role %s to others", m.name, m.of))
		case m.name == grant && m.host == "" && slices.Contains(terms.roles, m.of):
			given[m.of] = true
		case m.of == grant && own:
			given[m.name+"@"+m.host] = true
		default:
			out = append(out, fmt.Sprintf("%s was given the role %s", m.name, m.of))
		}
	}
	for _, r := range terms.roles {
		if !given[r] {
			out = append(out, "it lacks the role "+r)
		}
	}
	for _, a := range s.accounts {
		if !a.isRole && a.recorded && !given[a.name+"@"+a.host] {
			out = append(out, a.name+"@"+a.host+" has not the grant's role")
		}
	}
	return out
}

// wanted returns the privileges that are granted, each in words.
func (t terms) wanted() map[string]bool {
	want := map[string]bool{}
	for _, one := range t.objects {
		for _, p := range t.privileges {
			want[p+" on "+one.granted()] = true
		}
	}
	return want
}
