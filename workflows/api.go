package workflows

import (
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

// ReconcileID is the id of the standing job that reconciles a target; of the one
// that reconciles the requests, if no target is named.
func ReconcileID(target string) string {
	if target == "" {
		return "ramp-reconcile"
	}
	return "ramp-reconcile-" + target
}

// ControlQueue is the task queue of workflows and of activities that touch no
// target: the ledger, notices.
const ControlQueue = "ramp-control"

// TargetQueue is the task queue of the workers that hold a target's credentials.
func TargetQueue(target string) string { return "ramp-target-" + target }

// CloseQueue is the task queue on which a target's grants are closed, apart from
// the one above: a flood of endings must not keep new requests waiting, nor a
// flood of requests keep access from ending.
func CloseQueue(target string) string { return "ramp-close-" + target }

// AccessWorkflowID is the id of a request's workflow: the request's own.
func AccessWorkflowID(requestID string) string { return requestID }

// Messages to an Access workflow. Decisions are updates, so that the approver
// learns at once; the same signed decision also counts when it comes as a
// signal. Ending is a signal: it must be taken even while no worker runs.
const (
	UpdateDecide = "decide" // Signed -> Decided
	UpdateExtend = "extend" // Signed -> Extended
	UpdatePickUp = "pickup" // Signed -> evidence.Sealed

	SignalDecision = "decision" // Signed
	SignalEnd      = "stop"     // Stop
	SignalRecount  = "recount"  // nothing: who may decide has changed; count again

	QueryStatus = "status" // -> Status
)

// SignalRunNow has a standing job begin its work anew, at once: RunNow.
const SignalRunNow = "run-now"

// RunNow is a message to a standing job.
type RunNow struct {
	Job *StandingJobInput `json:"job,omitempty"` // what it is from now on; nil leaves it as it is
}

// AccessRequestInput starts a request's workflow.
type AccessRequestInput struct {
	RequestID string            `json:"requestId"`
	Plan      evidence.Envelope `json:"plan"`
	Resumed   *State            `json:"resumed,omitempty"` // set by the run before, if there was one
}

// AccessRequestResult is how it went.
type AccessRequestResult struct {
	State   access.State   `json:"state"`
	Outcome access.Outcome `json:"outcome,omitempty"`
}

// SignedStatement carries a statement signed by the server: a decision, an extension
// order or a pick-up order.
type SignedStatement struct {
	Envelope evidence.Envelope `json:"envelope"`
}

// DecideResult answers a decision.
type DecideResult struct {
	Outcome access.DecisionOutcome `json:"standing"`
	Stages  []access.StageStatus   `json:"stages"`
}

// ExtendResult answers an extension.
type ExtendResult struct {
	ExpiresAt time.Time `json:"expiresAt"`
	Number    int       `json:"number"`
}

// EndKind is why somebody wants a request to stop.
type EndKind string

const (
	EndCancel   EndKind = "cancel"   // the requester no longer wants it
	EndRelease  EndKind = "release"  // the requester is done
	EndRevoke   EndKind = "revoke"   // somebody else ends it
	EndOffboard EndKind = "offboard" // the requester has left
)

// EndRequest ends a request, whatever its state: before it is open it is cancelled,
// afterwards its access is closed. It carries no proof, since closing needs none.
type EndRequest struct {
	Kind   EndKind    `json:"kind"`
	By     string     `json:"by"` // person id
	Via    access.Via `json:"via,omitempty"`
	Reason string     `json:"reason,omitempty"`
	At     time.Time  `json:"at"`
}

// Status is a copy of what the workflow knows.
type Status struct {
	State      access.State         `json:"state"`
	Outcome    access.Outcome       `json:"outcome,omitempty"`
	Stages     []access.StageStatus `json:"stages,omitempty"`
	ExpiresAt  *time.Time           `json:"expiresAt,omitempty"`
	Extensions int                  `json:"extensions,omitempty"`
	Overdue    bool                 `json:"overdue,omitempty"`
}

// Search attributes, for operators in the Temporal UI. They are in clear: ids
// and states only, never a reason.
var (
	AttrState     = temporal.NewSearchAttributeKeyKeyword("RampState")
	AttrRequester = temporal.NewSearchAttributeKeyKeyword("RampRequester")
	AttrContract  = temporal.NewSearchAttributeKeyKeyword("RampContract")
	AttrTarget    = temporal.NewSearchAttributeKeyKeywordList("RampTarget")
	AttrExpiresAt = temporal.NewSearchAttributeKeyTime("RampExpiresAt")
)

// SearchAttributes are the attributes above, for making a namespace.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	out := map[string]enumspb.IndexedValueType{}
	for _, a := range []temporal.SearchAttributeKey{AttrState, AttrRequester, AttrContract, AttrTarget, AttrExpiresAt} {
		out[a.GetName()] = a.GetValueType()
	}
	return out
}
