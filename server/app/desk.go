// Package desk holds Ramp's use cases: what people may do, between HTTP and
// everything else. Every answer is for one person; what somebody may not see
// does not exist for them.
package app

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/workflows"
)

// Gateway is what the desk needs of Temporal.
type Gateway interface {
	Start(ctx context.Context, plan access.Plan, signed evidence.Envelope) error
	Resolve(ctx context.Context, grants []access.PlannedGrant) ([]access.Scope, error)
	Decide(ctx context.Context, id string, signed evidence.Envelope) (workflows.DecideResult, error)
	Extend(ctx context.Context, id string, signed evidence.Envelope) (workflows.ExtendResult, error)
	PickUp(ctx context.Context, id string, signed evidence.Envelope) (evidence.SealedCredential, error)
	Stop(ctx context.Context, id string, s workflows.EndRequest) error
	Recount(ctx context.Context, id string) error
}

// Ledger is what the desk needs of the ledger.
type Ledger interface {
	Submit(ctx context.Context, s ledger.Submission) (created bool, err error)
	MarkStarted(ctx context.Context, id string) error
	Unstarted(ctx context.Context, before time.Time) ([]ledger.Submission, error)
	Request(ctx context.Context, id string) (access.Request, error)
	Requests(ctx context.Context, f ledger.RequestFilter) ([]access.Request, string, error)
	AppendEvent(ctx context.Context, e access.Event) error
	Events(ctx context.Context, f ledger.EventFilter) ([]access.Event, error)
	LastSeq(ctx context.Context) (int64, error)
	SearchEvents(ctx context.Context, f ledger.EventSearch) ([]ledger.Entry, string, error)
	Tree(ctx context.Context) (ledger.Tree, error)
	HashReader(ctx context.Context) tlog.HashReader
	Entries(ctx context.Context, from, to int64) ([]ledger.Entry, error)
	PlanEnvelope(ctx context.Context, id string) ([]byte, error)
	Statements(ctx context.Context, requestID string) ([][]byte, error)
	ContractText(ctx context.Context, version string) (name, text string, err error)
}

// Contracts are the contracts in force.
type Contracts interface {
	Current() *contracts.Set
}

// Config is what a desk works with.
type Config struct {
	Contracts Contracts
	Ledger    Ledger
	Signer    *evidence.Signer
	Gateway   Gateway
	Log       logrus.FieldLogger
	Codec     *codec.Codec // nil: what Temporal keeps is not encrypted
	Directory Directory    // nil: nobody knows more of people than their tokens
	Passkeys  Passkeys     // nil: no plan that wants one can be approved here
	// EnrolPasskey puts a new key where it counts; nil: people do, by review.
	EnrolPasskey func(person string, k passkey.Key) error
	Operators    []string                   // groups that see every request and may revoke any
	Auditors     []string                   // groups that read the log and every evidence; nobody if empty
	Principal    func(access.Person) string // who the targets see; nil: the person's id
	Now          func() time.Time           // nil: the real clock
	MaxOpen      int                        // requests a person may have open at once; 0: 20
}

// App is the use cases. It is safe for concurrent use.
type App struct {
	Config
	lastCheckpoint lastCheckpoint
	wake           chan struct{}
}

// New fills in what Config leaves out.
func New(c Config) *App {
	if c.Principal == nil {
		c.Principal = func(p access.Person) string { return p.ID }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxOpen == 0 {
		c.MaxOpen = 20
	}
	return &App{Config: c, wake: make(chan struct{}, 1)}
}

func (d *App) now() time.Time { return d.Now().UTC() }

// recordRefusal records an act that was not allowed. A rejected message leaves no
// trace in Temporal, so it is here or nowhere. Faults and typing errors are
// no acts.
func (d *App) recordRefusal(ctx context.Context, p access.Person, id, act string, err error) error {
	switch access.CodeOf(err) {
	case access.CodeForbidden, access.CodeUnevaluated, access.CodeConflict, access.CodeTooLate, access.CodeEvidence, access.CodeThrottled:
	default:
		return err
	}
	kind := access.EventActRefused
	if act == "decide" {
		kind = access.EventDecisionRefused
	}
	code := string(access.CodeOf(err))
	if issues := access.IssuesOf(err); len(issues) > 0 {
		code = issues[0].Code
	}
	if e := d.Ledger.AppendEvent(ctx, access.Event{At: d.now(), RequestID: id, Kind: kind, Actor: p.ID,
		Message: access.Clip(err.Error(), 300), Detail: map[string]string{"act": act, "code": code}}); e != nil {
		d.Log.WithError(e).WithField("act", act).Error("a refused act could not be recorded")
	}
	return err
}
