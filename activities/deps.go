package activities

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/reconcile"
)

// GrantLedger is what Targets needs of the ledger.
type GrantLedger interface {
	IntendGrant(ctx context.Context, g access.Grant, at time.Time) error
	MarkOpened(ctx context.Context, name string, at time.Time, steps ...access.Transition) error
	MarkExtended(ctx context.Context, name string, expiresAt time.Time) error
	MarkClosed(ctx context.Context, name string, at time.Time, steps ...access.Transition) error
	Grants(ctx context.Context, f ledger.GrantFilter) ([]ledger.GrantRecord, error)
	Advance(ctx context.Context, a access.Transition) error
	AppendEvent(ctx context.Context, e access.Event) error
	AddStatement(ctx context.Context, s access.Statement) error
	PlanLedger
	Statements(ctx context.Context, requestID string) ([][]byte, error)
	MeaningLedger
	InventoryLedger
}

// Targets are the activities that run where the targets' credentials are. Whatever
// a workflow asks, they open only what signed statements approve, and write the
// ledger first.
type Targets struct {
	Broker  *integrations.Broker
	Ledger  GrantLedger
	Keyring evidence.Keyring
	Signer  *evidence.Signer // signs receipts with the worker's own key; nil stores none
	Workers evidence.Keyring // public keys of workers whose receipts it takes, its own among them; may be empty
	Now     func() time.Time // nil: the real clock
	// PasskeyApprovals says how many people must have approved with passkeys before
	// a target opens anything, whatever the plan says of its contract: whether a
	// contract asks for passkeys is the server's word.
	PasskeyApprovals map[string]int
	// ObserveLag observes how long after its end a grant was read back as gone; may
	// be nil.
	ObserveLag func(target string, after time.Duration)
	// Directory is asked again before anything opens; nil disables these checks.
	Directory access.Directory

	closing flights // what is being closed at this moment
	usage   usages  // of what is being closed
}

func (t *Targets) now() time.Time {
	if t.Now != nil {
		return t.Now().UTC()
	}
	return clock.Now().UTC()
}

// Recorder is what Control needs of the ledger.
type Recorder interface {
	Advance(context.Context, access.Transition) error
	AppendEvent(context.Context, access.Event) error
	PlanLedger
}

// Control are the activities that run on the control queue and touch no target.
type Control struct {
	Ledger    Recorder
	Keyring   evidence.Keyring
	Alarms    reconcile.Alarms // nil raises none
	Directory access.Directory // nil disables directory checks
}
