package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Workflow types.
const (
	AccessRequestType = "AccessRequest"
	StandingJobType   = "StandingJob" // StandingJobInput
)

// ReconcileID returns the id of the standing job that reconciles a target; of the one
// that reconciles the requests, if no target is named.
func ReconcileID(target string) string {
	if target == "" {
		return "ramp-reconcile"
	}
	return "ramp-reconcile-" + target
}

// ControlQueue is the task queue of workflows and of activities that touch no
// target: they verify decisions and write the ledger.
const ControlQueue = "ramp-control"

// TargetQueue returns the task queue of the workers that hold a target's credentials.
func TargetQueue(target string) string { return "ramp-target-" + target }

// CloseQueue returns the task queue on which a target's grants are closed, apart from
// the one above: a flood of endings must not keep new requests waiting, nor a
// flood of requests keep access from ending.
func CloseQueue(target string) string { return "ramp-close-" + target }

// AccessWorkflowID returns the id of a request's workflow: the request's own.
func AccessWorkflowID(requestID string) string { return requestID }

// Messages to an AccessRequest workflow. Decisions are updates, so that the
// approver learns the result at once; the same signed decision also counts when it
// comes as a signal. Ending is a signal: it must be taken even while no worker runs.
const (
	UpdateDecide = "decide"  // SignedStatement -> DecideResult
	UpdateExtend = "extend"  // SignedStatement -> ExtendResult
	UpdatePickUp = "pick-up" // SignedStatement -> evidence.SealedCredential

	SignalDecision = "decision" // SignedStatement
	SignalEnd      = "end"      // EndRequest
	SignalRecount  = "recount"  // no payload: approvers may have changed; count again

	QueryStatus = "status" // -> Status
)

// SignalRunNow has a standing job begin its work again, at once: RunNow.
const SignalRunNow = "run-now"

// RunNow is a message to a standing job.
type RunNow struct {
	Job *StandingJobInput `json:"job,omitempty"` // what it is from now on; nil leaves it as it is
}

// AccessRequestInput starts a request's workflow.
type AccessRequestInput struct {
	// Plan is what the workflow goes by, readable in the Temporal UI, with the digest of
	// what was signed. It proves nothing: workers read the signed plan from the ledger,
	// verify it, and hold this one against it before a decision counts.
	Plan access.Plan `json:"plan"`
	// SignedPlan is the same plan as it was signed, in requests that began before it was
	// read from the ledger.
	SignedPlan evidence.Envelope `json:"signedPlan,omitzero"`
	State      *RequestState     `json:"state,omitempty"`
	Shape      int               `json:"shape,omitempty"` // of the commands; see currentShape
}

// NewAccessRequestInput returns the input that starts a request. It does not verify
// the signature. Errors are CodeEvidence.
func NewAccessRequestInput(signedPlan evidence.Envelope) (AccessRequestInput, error) {
	plan, err := evidence.ReadPlan(signedPlan)
	return AccessRequestInput{Plan: plan, Shape: currentShape}, err
}

// EarlierAccessRequestInput is NewAccessRequestInput for a request of an earlier shape:
// those that run go on, which tests and recorded histories show.
func EarlierAccessRequestInput(signedPlan evidence.Envelope, shape int) (AccessRequestInput, error) {
	in, err := NewAccessRequestInput(signedPlan)
	if in.Shape = shape; shape < NamingShape {
		in.SignedPlan = signedPlan
	}
	return in, err
}

// AccessRequestResult is how the request ended.
type AccessRequestResult struct {
	State   access.State   `json:"state"`
	Outcome access.Outcome `json:"outcome,omitempty"`
}

// SignedStatement carries a statement that the server signed: a decision, an order
// to extend or an order for a credential.
type SignedStatement struct {
	Envelope evidence.Envelope `json:"envelope"`
}

// UpdateID returns the id of the update that carries a statement: within one run,
// Temporal takes the same statement once, no matter who sends it again.
func UpdateID(signed evidence.Envelope) string {
	sum := sha256.Sum256([]byte(signed.Payload))
	return hex.EncodeToString(sum[:16])
}

// DecideResult is what the decisions amount to.
type DecideResult struct {
	Tally  access.Tally         `json:"tally"`
	Stages []access.StageStatus `json:"stages,omitempty"` // of requests in earlier shapes
}

// ExtendResult is the new end of access.
type ExtendResult struct {
	ExpiresAt time.Time `json:"expiresAt"`
	Number    int       `json:"number"`
}

// EndRequest asks for the end of a request, whatever its state: before access is
// open it is cancelled, afterwards access is closed. It carries no proof, since
// closing needs none.
type EndRequest struct {
	Kind   access.EndKind `json:"kind"`
	By     string         `json:"by"` // person id
	Via    access.Via     `json:"via,omitempty"`
	Reason string         `json:"reason,omitempty"`
	At     time.Time      `json:"at"`
}

// NewEndRequest returns the message that carries an order to end, which is in the
// ledger already.
func NewEndRequest(o access.EndOrder) EndRequest {
	return EndRequest{Kind: o.Kind, By: o.By, Via: o.Via, Reason: o.Reason, At: o.At}
}

// Status is what the status query returns.
type Status struct {
	State      access.State         `json:"state"`
	Outcome    access.Outcome       `json:"outcome,omitempty"`
	Stages     []access.StageStatus `json:"stages,omitempty"`
	ExpiresAt  *time.Time           `json:"expiresAt,omitempty"`
	Extensions int                  `json:"extensions,omitempty"`
	Overdue    bool                 `json:"overdue,omitempty"`
}

// Search attributes, for operators in the Temporal UI. They are in clear: ids
// and states only, never a reason. RampState is a state of the request, or
// stateOpened.
var (
	AttrState     = temporal.NewSearchAttributeKeyKeyword("RampState")
	AttrRequester = temporal.NewSearchAttributeKeyKeyword("RampRequester")
	AttrContract  = temporal.NewSearchAttributeKeyKeyword("RampContract")
	AttrTarget    = temporal.NewSearchAttributeKeyKeywordList("RampTarget")
	AttrExpiresAt = temporal.NewSearchAttributeKeyTime("RampExpiresAt")
)

// SearchAttributes returns the types of the attributes above, for making a
// namespace.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	out := map[string]enumspb.IndexedValueType{}
	for _, a := range []temporal.SearchAttributeKey{AttrState, AttrRequester, AttrContract, AttrTarget, AttrExpiresAt} {
		out[a.GetName()] = a.GetValueType()
	}
	return out
}
