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
	DeliverWebhooks   = "DeliverWebhooks"
	StreamEvents      = "StreamEvents"
)

// PlanRef names a signed plan that the ledger keeps: by its request, and by the digest
// of what was signed, so that no other plan passes for it. Inputs carry the plan itself
// in requests that began before it was named; then they have no PlanRef.
type PlanRef struct {
	RequestID string `json:"requestId"`
	Digest    string `json:"digest"`
}

// VerifyDecisionsInput has the decisions so far, and a new one.
type VerifyDecisionsInput struct {
	Plan evidence.Envelope `json:"plan,omitzero"`
	Of   *PlanRef          `json:"of,omitempty"`
	// Shown is the plan that the workflow goes by and operators read, which must be the
	// one that Of names.
	Shown     *access.Plan        `json:"shown,omitempty"`
	Decisions []evidence.Envelope `json:"decisions,omitempty"` // accepted before
	New       *evidence.Envelope  `json:"new,omitempty"`       // the one to accept; nil asks about an automatic approval
}

// VerifyDecisionsResult is what the decisions amount to, already recorded in the
// ledger.
type VerifyDecisionsResult struct {
	Decision *access.Decision     `json:"decision,omitempty"` // the new one; not where the plan was named
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
	Plan      evidence.Envelope   `json:"plan,omitzero"`
	Of        *PlanRef            `json:"of,omitempty"`
	Decisions []evidence.Envelope `json:"decisions,omitempty"`
	// Decided are the digests of the decisions that the workflow has: each of them must
	// be in the ledger, so that nobody who writes there leaves one out.
	Decided   []string  `json:"decided,omitempty"`
	Grant     string    `json:"grant"`
	ExpiresAt time.Time `json:"expiresAt"`
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
	// ExpiresAt is the end that the grant has, where it is another than was asked for: an
	// earlier one where the worker's clock is behind Temporal's, or a later one with
	// FromOpening.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// ExtendGrantInput moves the end of one open grant to where the signed order says.
type ExtendGrantInput struct {
	Plan evidence.Envelope `json:"plan,omitzero"`
	Of   *PlanRef          `json:"of,omitempty"`
	// Decided are the digests of the decisions that the workflow has, as in
	// OpenGrantInput.
	Decided []string          `json:"decided,omitempty"`
	Order   evidence.Envelope `json:"order"`
	Grant   string            `json:"grant"`
}

// MintCredentialInput makes a credential for one open grant, sealed to the key in the
// signed order.
type MintCredentialInput struct {
	Plan    evidence.Envelope `json:"plan,omitzero"`
	Of      *PlanRef          `json:"of,omitempty"`
	Decided []string          `json:"decided,omitempty"` // as in OpenGrantInput
	Order   evidence.Envelope `json:"order"`
}

// CloseGrantInput names one grant to close. It needs no more than names, so that
// any later version, and a sweep with no workflow at all, can do the same.
type CloseGrantInput struct {
	RequestID string `json:"requestId"`
	Target    string `json:"target"`
	Grant     string `json:"grant"`
	Principal string `json:"principal,omitempty"`
	// End is recorded before the target is touched, if the ledger responds at once, and
	// OnlyGrant says that the request has ended once this grant is closed.
	End       *End `json:"end,omitempty"`
	OnlyGrant bool `json:"only,omitempty"`
	// Ending and Ended are the same, written out, in requests that began before there
	// was End.
	Ending *access.Transition `json:"ending,omitempty"`
	Ended  *access.Transition `json:"ended,omitempty"` // its time is when it was so
	// Due is when access should have ended: while many wait, the earliest is
	// closed first, and one without it before all.
	Due time.Time `json:"due,omitzero"`
}
