package integrations

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Target opens and closes entitlements on one outside system. It is safe for
// concurrent use. Errors carry a code of package access: invalid (never retry),
// throttled and unavailable (retry), forbidden (Ramp's own rights are missing),
// anything else is internal.
type Target interface {
	// Resolve validates an entitlement and derives what it means, without any
	// side effect and without calling the outside system.
	Resolve(ctx context.Context, e access.Entitlement) (access.Scope, error)
	// Grant opens g. It is idempotent by g.Name: after a reply that was lost,
	// calling again yields one object. It sets the target's own expiry where
	// it has one. A grant that has already expired is refused (invalid).
	Grant(ctx context.Context, g access.Grant) error
	// Inspect reads back what there is of g. It must work from g.Name alone.
	Inspect(ctx context.Context, g access.Grant) (ReadBack, error)
	// Revoke removes g and closes its live sessions. It is idempotent,
	// succeeds when nothing is left, and must work from g.Name alone.
	Revoke(ctx context.Context, g access.Grant) error
	// List finds everything on the target that carries Ramp's mark.
	List(ctx context.Context) ([]ListedGrant, error)
	// Bounds says how long this target may take to be true.
	Bounds() Bounds
}

// ReadBack is what read-back found of one grant.
type ReadBack struct {
	Open     bool `json:"open"`     // the entitlement exists
	Sessions int  `json:"sessions"` // live sessions or unexpired secrets that came from it, as far as the target can tell
}

// Gone reports whether nothing is left.
func (p ReadBack) Gone() bool { return !p.Open && p.Sessions == 0 }

// ListedGrant is one object on the target that carries Ramp's mark.
type ListedGrant struct {
	Name      string    `json:"name"`                // the grant's name
	ExpiresAt time.Time `json:"expiresAt,omitempty"` // as marked on the target; zero if unknown
}

// Bounds are the target's promises about time.
type Bounds struct {
	// Consistency is how long after a change a read may still show the old
	// state. Within it, "not found" proves nothing.
	Consistency time.Duration
	// Ending is how long ending may take before a request counts as overdue.
	Ending time.Duration
	// Rate is how often the service may be asked; the zero Rate leaves it to the
	// Broker. An operation is one call of this interface, which may be several
	// of the service's: the rate takes that into account.
	Rate Rate
}

// Minter is a Target that makes credentials at pick-up. The credential ends no
// later than g.ExpiresAt and carries no more than the grant's entitlement.
type Minter interface {
	Mint(ctx context.Context, g access.Grant) (access.Credential, error)
}

// Extender is a Target that moves the expiry of an open grant to g.ExpiresAt
// without a gap. Idempotent.
type Extender interface {
	Extend(ctx context.Context, g access.Grant) error
}

// Pinger is a Target that can say whether it is reachable and well
// configured, for readiness. It changes nothing.
type Pinger interface {
	Ping(ctx context.Context) error
}

// DriftDetector is a Target that can compare what it holds with what was granted, and
// put it right (CASES 32, 33). Both are only about what is there: whether a
// grant is there at all is Inspect's to say.
type DriftDetector interface {
	// Drift says how what is on the target differs from g, a few words for each
	// difference, and nothing when it is just g, not there, or being ended. An
	// earlier end than g's is no difference. It changes nothing.
	Drift(ctx context.Context, g access.Grant) ([]string, error)
	// Restore makes what is there just g again and ends what may have begun on
	// other terms. It never opens what is not there. Idempotent. Code conflict
	// says that it cannot be put right and must be closed.
	Restore(ctx context.Context, g access.Grant) error
}
