package integrations

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/pacing"
)

// Target opens and closes entitlements on one outside system. It is safe for
// concurrent use.
//
// Errors carry a code of package access: invalid (never retried), throttled and
// unavailable (retried), forbidden (Ramp's own rights are missing), conflict
// (the object is not as Ramp made it). An error without a code is internal.
//
// Callers reach a Target through Guard, so a Target may rely on these:
//   - the grant's name is one of Ramp's, in every call; it is safe in a path
//     and as the name of a file;
//   - in Grant, and in Extend, Mint and Restore where a target has them, the
//     grant's end is in UTC, in whole seconds, and lies ahead;
//   - in these and in Drift, Resolve has accepted the entitlement.
type Target interface {
	// Resolve validates an entitlement and derives what it means. It has no side
	// effect and does not call the outside system. Errors are of code invalid,
	// with every issue; see DecodeEntitlement.
	Resolve(ctx context.Context, e access.Entitlement) (access.Scope, error)
	// Grant opens g. It is idempotent by g.Name: after a reply that was lost,
	// calling again yields one object. It sets the target's own expiry where it
	// has one.
	Grant(ctx context.Context, g access.Grant) error
	// Inspect reads back what there is of g. It needs no more than g.Name.
	Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error)
	// Revoke removes g and closes its live sessions. It is idempotent, succeeds
	// when nothing is left, and needs no more than g.Name.
	Revoke(ctx context.Context, g access.Grant) error
	// List returns everything on the target that looks like a grant of Ramp's.
	// It may name a grant several times, once for each object; Guard merges them
	// and drops names that Ramp did not make. With an error that is Unlisted, it returns
	// what there is but for one part.
	List(ctx context.Context) ([]ListedGrant, error)
	// Bounds returns how long this target may take, and how often it may be asked.
	Bounds() Bounds
}

// ListedGrant is one grant that List found on a target.
type ListedGrant struct {
	Name      string    `json:"name"`                // the grant's name
	ExpiresAt time.Time `json:"expiresAt,omitempty"` // as written on the target; zero if it does not say
}

// Bounds are the target's promises about time.
type Bounds struct {
	// Consistency is how long after a change a read may still show the old
	// state. Within it, "not found" proves nothing.
	Consistency time.Duration
	// Ending is how long ending may take before a request counts as overdue.
	Ending time.Duration
	// Rate is how often the service may be asked; the zero Rate leaves it to the
	// Broker. One call of this interface counts as one, though it may make several
	// calls to the service: the rate takes that into account.
	Rate pacing.Rate
}

// Minter is a Target that makes credentials at pick-up. A credential ends no
// later than g.ExpiresAt and carries no more than the grant's entitlement.
type Minter interface {
	// Mint returns a fresh credential. Errors are also of code not_found (nothing
	// is open) and conflict (the grant was revoked, or was changed by hand).
	Mint(ctx context.Context, g access.Grant) (access.Credential, error)
}

// Extender is a Target that moves the expiry of an open grant to g.ExpiresAt
// without a gap.
type Extender interface {
	// Extend is idempotent. An end earlier than the one that stands changes
	// nothing: it belongs to an older extension whose call arrives late. Errors
	// are also of code not_found (nothing is open) and conflict (the grant was
	// revoked, or was changed by hand).
	Extend(ctx context.Context, g access.Grant) error
}

// Partial is a Target of several parts, such as hosts, of which a grant may be on some only.
type Partial interface {
	// LeftOut returns the names of the parts that an open grant is meant for and is not on,
	// in order, as the ledger has them. It asks no part.
	LeftOut(ctx context.Context, g access.Grant) ([]string, error)
	// Joined waits until the parts that are slow, which Grant did not wait for, have opened g
	// or have failed, or until ctx ends.
	Joined(ctx context.Context, g access.Grant) error
}

// Checker is a Target whose Resolve costs more than a look at the entitlement, such as a
// plan of what would be made. Guard asks it in place of Resolve wherever only the
// entitlement is to be checked.
type Checker interface {
	// Check returns what Resolve would find wrong with the entitlement itself, of code
	// invalid, with every issue. It reaches for nothing.
	Check(e access.Entitlement) error
}

// Pinger is a Target that can say whether it is reachable and well configured,
// for readiness.
type Pinger interface {
	// Ping returns nil if the target works, or why it does not. It changes nothing.
	Ping(ctx context.Context) error
}

// DriftDetector is a Target that can compare what it holds with what was
// granted, and put it right (docs/threats.md, cases 32 and 33). It speaks only of grants that are on
// the target; whether one is there at all is for Inspect.
type DriftDetector interface {
	// Drift returns how what is on the target differs from g, a few words for
	// each difference. It returns nothing if there is just g, if g is not there,
	// and if g is being ended. An end earlier than g's is no difference. It
	// changes nothing.
	Drift(ctx context.Context, g access.Grant) ([]string, error)
	// Restore makes what is on the target just g again, and ends what may have
	// begun under other terms. It never opens what is not there. It is
	// idempotent. An error of code conflict says that the grant cannot be put
	// right and must be closed.
	Restore(ctx context.Context, g access.Grant) error
}
