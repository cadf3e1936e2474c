// Package hostsessions finds the live connections to an SSH host that came from a
// grant, and cuts them.
package hostsessions

import "context"

// Finder finds and cuts the live connections of a grant. Errors are of code
// unavailable or forbidden; neither proves that there are none.
type Finder interface {
	// Count returns how many live connections a grant has.
	Count(ctx context.Context, grant string) (int, error)
	// Cut cuts all of them, and returns when they are gone.
	Cut(ctx context.Context, grant string) error
	// Note records which connections have ended since the last look, for the usage of their
	// grants.
	Note(ctx context.Context) error
}
