package api

import (
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Activity names. VerifyDecisions, VerifyInTask, RecordTransition, ReconcileRequests and
// SyncDirectory run on the control queue; the others on the queue of the target
// they touch.
const (
	VerifyDecisions  = "VerifyDecisions"
	VerifyInTask     = "VerifyDecisionsInTask" // a local activity
	RecordTransition = "RecordTransition"
	ResolveScopes    = "ResolveScopes"
	OpenGrant        = "OpenGrant"
	ExtendGrant      = "ExtendGrant"
	MintCredential   = "MintCredential" // #nosec G101 -- a name
	CloseGrant       = "CloseGrant"

	ReconcileTarget   = "ReconcileTarget"
	ReconcileRequests = "ReconcileRequests"
	SyncDirectory     = "SyncDirectory"
)

// VerifyDecisionsInput has the decisions so far, and a new one.
type VerifyDecisionsInput struct {
	Plan      evidence.Envelope   `json:"plan"`
	Decisions []evidence.Envelope `json:"decisions,omitempty"` // accepted before
	New       *evidence.Envelope  `json:"new,omitempty"`       // the one to accept; nil asks about an automatic approval
}

// VerifyDecisionsResult is what the decisions amount to, already recorded in the
// ledger.
type VerifyDecisionsResult struct {
	Decision *access.Decision     `json:"decision,omitempty"`
	Tally    access.Tally         `json:"tally"`
	Stages   []access.StageStatus `json:"stages,omitempty"`
	// Refused is why the new decision does not count. It is set by VerifyInTask only, in
	// place of an error.
	Refused *Refusal `json:"refused,omitempty"`
}

// ResolveScopesInput has entitlements on one target.
type ResolveScopesInput struct {
	Question     string               `json:"question,omitempty"` // an id that was made up for this question
	Target       string               `json:"target"`
	Entitlements []access.Entitlement `json:"entitlements"`
}

// ResolveScopesResult has what they mean, in the same order.
type ResolveScopesResult struct {
	Scopes []access.Scope     `json:"scopes"`
	Signed *evidence.Envelope `json:"signed,omitempty"` // the worker's statement of it; see access.Resolution
}

// OpenGrantInput opens one grant of an approved plan. The worker derives the grant
// from the signed plan; only its end may be the workflow's, and that is checked.
type OpenGrantInput struct {
	Plan      evidence.Envelope   `json:"plan"`
	Decisions []evidence.Envelope `json:"decisions,omitempty"`
	Grant     string              `json:"grant"`
	ExpiresAt time.Time           `json:"expiresAt"`
	// OnlyGrant says that no other grant is waited for: once this one is open the
	// request is active, and is recorded as such with it.
	OnlyGrant bool `json:"only,omitempty"`
	// FromOpening says that access lasts as long as was approved from when the worker
	// begins to open it. ExpiresAt then does not bound it: on a busy queue an opening may
	// wait for longer than a short access lasts.
	FromOpening bool `json:"fromOpening,omitempty"`
}

// OpenGrantResult is what the workflow needs to know of the target.
type OpenGrantResult struct {
	EndingBound time.Duration `json:"endingBound"` // ending for longer than this is overdue
	// ExpiresAt is the end that the grant has: the one that was asked for, an earlier one
	// where the worker's clock is behind Temporal's, or a later one with FromOpening.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// ExtendGrantInput moves the end of one open grant to where the signed order says.
type ExtendGrantInput struct {
	Plan  evidence.Envelope `json:"plan"`
	Order evidence.Envelope `json:"order"`
	Grant string            `json:"grant"`
}

// MintCredentialInput makes a credential for one open grant, sealed to the key in the
// signed order.
type MintCredentialInput struct {
	Plan  evidence.Envelope `json:"plan"`
	Order evidence.Envelope `json:"order"`
}

// CloseGrantInput names one grant to close. It needs no more than names, so that
// any later version, and a sweep with no workflow at all, can do the same.
type CloseGrantInput struct {
	RequestID string `json:"requestId"`
	Target    string `json:"target"`
	Grant     string `json:"grant"`
	Principal string `json:"principal,omitempty"`
	// Ending is recorded before the target is touched, if the ledger responds at
	// once, and Ended once the grant is closed, if nothing else is waited for.
	Ending *access.Transition `json:"ending,omitempty"`
	Ended  *access.Transition `json:"ended,omitempty"` // its time is when it was so
	// Due is when access should have ended: while many wait, the earliest is
	// closed first, and one without it before all.
	Due time.Time `json:"due,omitzero"`
}
