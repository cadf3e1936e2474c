package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// RequestState is everything that changes in a request. It is one serialisable
// struct, so that continuing as new is a copy: what one run knows, the next knows.
type RequestState struct {
	State   access.State   `json:"state"`
	Outcome access.Outcome `json:"outcome,omitempty"`

	Tally     access.Tally         `json:"tally"` // what the decisions amount to
	Stages    []access.StageStatus `json:"stages,omitempty"`
	Decisions []evidence.Envelope  `json:"decisions,omitempty"` // accepted, in order; of each person one approval and one denial at most
	Deciders  []Decider            `json:"deciders,omitempty"`  // whose decisions they are, in the same order
	// Unverified are decisions that came as signals and were not verified yet.
	Unverified []SignedStatement `json:"unverified,omitempty"`

	End        *EndRequest `json:"end,omitempty"`        // the first one stands
	ActiveAt   time.Time   `json:"activeAt,omitzero"`    // when everything was open
	ExpiresAt  time.Time   `json:"expiresAt,omitzero"`   // when access ends
	EndingAt   time.Time   `json:"endingAt,omitzero"`    // when ending began
	Extensions int         `json:"extensions,omitempty"` // how many were made
	// LastExtension is the digest of the last order to extend, to know it again.
	LastExtension string `json:"lastExtension,omitempty"`

	EndingBound time.Duration `json:"endingBound"` // ending for longer is overdue
	Overdue     bool          `json:"overdue,omitempty"`
	Problem     string        `json:"problem,omitempty"` // a sentence for people

	Received Received `json:"received,omitzero"`
	// Unrecorded are not known to be in the ledger, in order.
	Unrecorded []access.Transition `json:"unrecorded,omitempty"`
}

// Received counts the messages of one request. The counts are bounded, so that a
// flood of messages cannot keep the request from ending (docs/threats.md, case 39).
type Received struct {
	Approvals  int `json:"approvals,omitempty"`  // and what cannot be read; denials are not counted
	Extensions int `json:"extensions,omitempty"` // orders, made or refused
	PickUps    int `json:"pickUps,omitempty"`
	Recounts   int `json:"recounts,omitempty"`
}

// Decider is who gave a decision that was accepted.
type Decider struct {
	Human   string         `json:"human"`
	Verdict access.Verdict `json:"verdict"`
	Passkey bool           `json:"passkey,omitempty"`
}

// defaultEndingBound is how long ending may take when no target asks for longer.
const defaultEndingBound = time.Minute

// newState returns the state of a request that nobody has decided.
func newState(plan access.Plan) RequestState {
	_, stages := plan.Rule.Tally(plan, plan.Digest, nil)
	return RequestState{State: access.StatePending, Tally: access.TallyUndecided, Stages: stages, EndingBound: defaultEndingBound}
}

// setState moves to a state and publishes it. A move that the state table does not
// have is a defect; it is logged, and the request still goes on to its end.
func (r *request) setState(s access.State) {
	if r.State != s && !r.State.CanBecome(s) {
		workflow.GetLogger(r.ctx).Error("unexpected transition", "from", string(r.State), "to", string(s))
	}
	r.State = s
	// Requests stay approved and granting for little, and ending too: for these, search
	// attributes would add an event to each history and tell nobody anything. An
	// ending that lasts is published by closing; an opening is published as active,
	// since its task writes Temporal's list anyway, and says in its details what it is.
	hidden := s == access.StateApproved || s == access.StateEnding
	if !r.first() {
		hidden = hidden || s == access.StateActive
	}
	if !r.carries() {
		hidden = hidden || s == access.StateEnded && r.shown == stateOpened && r.Outcome != access.OutcomeFailed
	}
	if hidden {
		workflow.SetCurrentDetails(r.ctx, r.details()) // leaves no event
		return
	}
	r.publish()
}

// status returns what the status query shows.
func (r *request) status() Status {
	s := Status{State: r.State, Outcome: r.Outcome, Stages: r.Stages, Extensions: r.Extensions, Overdue: r.Overdue}
	if !r.ExpiresAt.IsZero() {
		at := r.ExpiresAt
		s.ExpiresAt = &at
	}
	return s
}
