package targettest

import (
	"context"
	"errors"
	"testing"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// ErrRefused is wrapped by Use, UseAt and Dial when the service responded
// and refused. Any other error is a fault of the test set-up and fails the suite,
// so that a broken client is never taken for ended access.
var ErrRefused = errors.New("the service refused")

// Fault is what goes wrong between a target and its service.
type Fault string

const (
	// LostReply: the call takes effect, its reply is lost (docs/threats.md, case 24).
	LostReply Fault = "lost reply"
	// Throttled: the service refuses with "too many requests" (docs/threats.md, case 26).
	Throttled Fault = "throttled"
	// Unavailable: the service cannot be reached; nothing takes effect.
	Unavailable Fault = "unavailable"
	// NotFoundYet: reads and deletes report "not found" though the object exists,
	// as clouds do just after a change.
	NotFoundYet Fault = "not found yet"
)

// Harness is what the suite needs of one target. The service behind it belongs
// to this run alone: the suite fails if anything with Ramp's name prefix is left.
type Harness struct {
	// Open makes a target from the same configuration each time, as another
	// worker process would. Calling it again must not disturb earlier ones.
	Open func(t *testing.T) integrations.Target

	Target    string // the target's configured name, such as "ssh/demo"
	Principal string // who the grants are for
	// Person makes somebody else for each grant, where grants of one person share what
	// they need. If it is nil, all are for Principal.
	Person      func(t *testing.T) string
	Entitlement access.Entitlement // a valid one, used all over
	Other       access.Entitlement // a valid one that opens something else
	// Invalid are bad entitlements by what is wrong with them. Each must be
	// refused with code invalid. An unknown key is tried in any case.
	Invalid map[string]access.Entitlement

	// ListNames returns the names of everything of Ramp's on the service, read with
	// the harness's own client: a target whose List finds too little must not pass.
	ListNames func(ctx context.Context) ([]string, error)
	// Remove deletes what one grant made, as somebody would by hand (docs/threats.md, case 33).
	Remove func(ctx context.Context, name string) error
	// Widen changes what one grant made, as somebody would by hand, each in its own
	// way, so that it is no longer just what was granted (docs/threats.md, case 32). A target that is
	// a DriftDetector needs it.
	Widen map[string]func(ctx context.Context, g access.Grant) error
	// Usage is how much the target knows of the use of a grant; "" if it is no
	// UsageReporter.
	Usage access.UsageKind
	// Foreign makes things that look as much like Ramp's as the service allows, but
	// are not. Intact fails if one of them was touched.
	Foreign func(t *testing.T) (intact func(ctx context.Context) error)

	// Use does one harmless thing with the access, through the real client.
	// c is zero if the target mints nothing.
	Use func(ctx context.Context, g access.Grant, c access.Credential) error
	// UseAt replaces Use where the test service does not enforce time itself: it
	// evaluates the documents that are on the service as of the time at.
	UseAt func(ctx context.Context, g access.Grant, c access.Credential, at time.Time) error
	// Dial opens a session that stays open, through the real client.
	Dial func(ctx context.Context, g access.Grant, c access.Credential) (Session, error)

	// Faulty opens a target on the same service whose n-th call (from 1) meets
	// the fault. A lost reply strikes that call only; the other faults strike
	// it and all after it.
	Faulty func(t *testing.T, fault Fault, n int) integrations.Target

	// ShortTTL is the least life of grants that the suite lets expire; 3 s if zero. They
	// live longer where opening and using one takes long, as on a busy machine.
	ShortTTL time.Duration
	// Slack is how far from its expiry, after it, access may still work. 1 s if zero.
	Slack time.Duration

	Lacks Lacks
}

// Session is one live use of access.
type Session interface {
	// Alive makes one round trip in the session. An error means that it ended.
	Alive(ctx context.Context) error
	Close() error
}

// Lacks says what a target or its test service cannot do. Each field is empty,
// or one sentence with the reason.
type Lacks struct {
	Expiry        string // no expiry of its own: access lives until Ramp revokes it
	Sessions      string // nothing lives on past the credential check
	SessionExpiry string // live sessions are ended by revoking only, not by the service's own expiry
	Mint          string // credentials are not minted by Ramp
	FreshSecret   string // each pick-up hands out the same secret
	Extend        string
	Foreign       string // Ramp has the service, or its part of it, to itself
	LostReply     string
	Throttled     string
	Unavailable   string
	NotFoundYet   string // reads are consistent
}
