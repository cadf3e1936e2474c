package membership

import (
	"context"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Membership is that of one person in one place. Both are ids that the service never gives
// to anything else, without spaces: names of people and teams change, and somebody else may
// take an old one.
type Membership struct {
	Place  string
	Person string
}

// State is what there is of a membership on the service. The zero State is none.
type State struct {
	Role    string
	Pending bool      // an invitation that the person can accept; it counts as there
	Ends    time.Time // the service's own end; zero if it has none
}

// IsThere reports whether there is anything of the membership.
func (s State) IsThere() bool { return s.Role != "" || s.Pending }

func (s State) equal(o State) bool {
	return s.Role == o.Role && s.Pending == o.Pending && s.Ends.Equal(o.Ends)
}

// Service is one that has memberships. It is safe for concurrent use. Errors carry a code of
// package access.
type Service interface {
	// Find returns the membership and the role that a grant is of. Errors are also of code
	// invalid (the person or the place is not there, or the person is not one to whom it can
	// be given) and conflict (the person has as much by something else).
	Find(ctx context.Context, g access.Grant) (m Membership, role string, err error)
	// State reads a membership back. What the service does not show Ramp is an error, and
	// not the zero State, which means that access has ended.
	State(ctx context.Context, m Membership) (State, error)
	// People returns all who may have a membership of their own in a place, by their ids.
	People(ctx context.Context, place string) (map[string]bool, error)
	// Put makes the membership be as want says. It is idempotent.
	Put(ctx context.Context, m Membership, want State) error
	// Remove takes the membership away, an invitation too. It is idempotent.
	Remove(ctx context.Context, m Membership) error
	// End returns the end that the service itself gives a grant that ends at this time, no
	// earlier; zero if it has none.
	End(at time.Time) time.Time
}

const (
	membershipObject = "membership "
	roleObject       = "role "
)

// object returns the membership's name in the ledger. It says all that is needed to remove
// it, because a grant is ended by its name alone.
func (m Membership) object() string { return membershipObject + m.Place + " " + m.Person }

// roles begins the names of the roles that grants need of the membership.
func (m Membership) roles() string { return roleObject + m.Place + " " + m.Person + " " }

// parse returns the membership of a name that object or roles began, and its role.
func parse(object string) (m Membership, role string, err error) {
	kind, rest, _ := strings.Cut(object, " ")
	parts := strings.SplitN(rest, " ", 3)
	switch kind + " " {
	case membershipObject:
		if len(parts) == 2 {
			return Membership{parts[0], parts[1]}, "", nil
		}
	case roleObject:
		if len(parts) == 3 {
			return Membership{parts[0], parts[1]}, parts[2], nil
		}
	}
	return m, "", access.Errorf(access.CodeInternal, "the ledger has %q among memberships", access.Clip(object, 120))
}
