package calls

import (
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Activity names. Judge, Record and ReconcileRequests run on the control queue;
// the others on the queue of the target they touch.
const (
	Judge   = "Judge"
	Record  = "Record"
	Resolve = "Resolve"
	Open    = "Open"
	Extend  = "Extend"
	Mint    = "Mint"
	Close   = "Close"

	ReconcileTarget   = "ReconcileTarget"
	ReconcileRequests = "ReconcileRequests"
)

// JudgeInput asks what the decisions so far amount to.
type JudgeInput struct {
	Plan      evidence.Envelope   `json:"plan"`
	Decisions []evidence.Envelope `json:"decisions,omitempty"` // accepted before
	New       *evidence.Envelope  `json:"new,omitempty"`       // the one to accept; nil asks about an automatic approval
}

// JudgeResult is the answer, already recorded in the ledger.
type JudgeResult struct {
	Decision *access.Decision     `json:"decision,omitempty"`
	Standing access.Standing      `json:"standing"`
	Stages   []access.StageStatus `json:"stages,omitempty"`
}

// RecordInput moves a request in the ledger. It is ledger.Advance on the wire.
type RecordInput struct {
	RequestID  string         `json:"requestId"`
	To         access.State   `json:"to,omitempty"`
	Outcome    access.Outcome `json:"outcome,omitempty"`
	At         time.Time      `json:"at"`
	ActiveAt   *time.Time     `json:"activeAt,omitempty"`
	ExpiresAt  *time.Time     `json:"expiresAt,omitempty"`
	Extensions *int           `json:"extensions,omitempty"`
	Overdue    *bool          `json:"overdue,omitempty"`
	Problem    *string        `json:"problem,omitempty"`
	Events     []access.Event `json:"events,omitempty"`
}

// ResolveInput asks what entitlements on one target mean.
type ResolveInput struct {
	Target       string               `json:"target"`
	Entitlements []access.Entitlement `json:"entitlements"`
}

// ResolveResult answers in the same order.
type ResolveResult struct {
	Scopes []access.Scope `json:"scopes"`
}

// OpenInput opens one grant of an approved plan. The worker derives the grant
// from the signed plan; only its end is the workflow's, and that is checked.
type OpenInput struct {
	Plan      evidence.Envelope   `json:"plan"`
	Decisions []evidence.Envelope `json:"decisions,omitempty"`
	Grant     string              `json:"grant"`
	ExpiresAt time.Time           `json:"expiresAt"`
	// Only says that no other grant is waited for: once this one is open the
	// request is active, and is recorded as such with it.
	Only bool `json:"only,omitempty"`
}

// OpenResult is what the workflow needs to know of the target.
type OpenResult struct {
	EndingBound time.Duration `json:"endingBound"` // ending for longer than this is overdue
}

// ExtendInput moves the end of one open grant.
type ExtendInput struct {
	Plan      evidence.Envelope `json:"plan"`
	Order     evidence.Envelope `json:"order"`
	Grant     string            `json:"grant"`
	StartedAt time.Time         `json:"startedAt"` // when the clock of access started
	ExpiresAt time.Time         `json:"expiresAt"`
}

// MintInput makes a credential for one open grant, sealed to the key in the
// signed order.
type MintInput struct {
	Plan  evidence.Envelope `json:"plan"`
	Order evidence.Envelope `json:"order"`
}

// CloseInput names one grant to close. It needs no more than names, so that
// any later version, and a sweep with no workflow at all, can do the same.
type CloseInput struct {
	RequestID string `json:"requestId"`
	Target    string `json:"target"`
	Grant     string `json:"grant"`
	Principal string `json:"principal,omitempty"`
	// Ending is recorded before the target is touched, if the ledger answers at
	// once, and Ended once the grant is closed, if nothing else is waited for.
	Ending *RecordInput `json:"ending,omitempty"`
	Ended  *RecordInput `json:"ended,omitempty"` // its time is when it was so
	// Due is when access should have ended: while many wait, the earliest is
	// closed first, and one without it before all.
	Due time.Time `json:"due,omitzero"`
}

// ReconcileInput asks for one look at a target; at the requests, if it names none.
type ReconcileInput struct {
	Target string `json:"target,omitempty"`
}

// ReconcileResult is what it came to.
type ReconcileResult struct {
	Grants   int      `json:"grants"`             // not closed, in the ledger
	Found    int      `json:"found"`              // on the target
	Findings []string `json:"findings,omitempty"` // a sentence each, the first of many
	Total    int      `json:"total"`              // findings in all
	Left     int      `json:"left"`               // of those, not put right
}
