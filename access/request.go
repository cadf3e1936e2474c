package access

import "time"

// RequestInput is what a person asked for, before anything is derived from it.
type RequestInput struct {
	Contract string         `json:"contract"`
	Params   map[string]any `json:"params,omitempty"`
	Duration string         `json:"duration,omitempty"` // empty: the contract's default
	Reason   string         `json:"reason,omitempty"`
	Ticket   string         `json:"ticket,omitempty"`
	StartAt  *time.Time     `json:"startAt,omitempty"`
	// InNextWindow: under a contract with windows, begin at the first instant from which
	// all of the duration lies in them, which is now if it does.
	InNextWindow bool `json:"inNextWindow,omitempty"`
	// BreakGlass: open at once, with nobody's consent, as the contract allows for an
	// emergency.
	BreakGlass bool `json:"breakGlass,omitempty"`
}

// Request is a request as people read it.
type Request struct {
	ID         string        `json:"id"`
	State      State         `json:"state"`
	Outcome    Outcome       `json:"outcome,omitempty"`
	Contract   string        `json:"contract"`
	Requester  Person        `json:"requester"`
	Plan       Plan          `json:"plan"`
	Stages     []StageStatus `json:"stages"`
	Decisions  []Decision    `json:"decisions"`
	CreatedAt  time.Time     `json:"createdAt"`
	ActiveAt   *time.Time    `json:"activeAt,omitempty"`
	ExpiresAt  *time.Time    `json:"expiresAt,omitempty"`
	EndedAt    *time.Time    `json:"endedAt,omitempty"`
	Extensions int           `json:"extensions,omitempty"` // how many were made
	Asked      *Asked        `json:"asked,omitempty"`      // an extension that people decide
	Overdue    bool          `json:"overdue,omitempty"`    // ending for longer than the target's bound
	Problem    string        `json:"problem,omitempty"`    // what went wrong last, for people
	Review     *Review       `json:"review,omitempty"`     // of a use of break glass
	EndOrders  []EndOrder    `json:"endOrders,omitempty"`  // that a server signed, the oldest first
	Timeline   []Event       `json:"timeline,omitempty"`   // with the latest refusals only
	// Grants says how far each grant is, in the plan's order: GrantStates. Only where one
	// request is read with its timeline.
	Grants []GrantState `json:"grants,omitempty"`
	// TimelineCheck says what the timeline was held against; nil if it was not.
	TimelineCheck *TimelineCheck `json:"timelineCheck,omitempty"`
	Refusals      int            `json:"refusals,omitempty"` // earlier ones, which the timeline leaves out
	// SignedPlan are the exact bytes of the plan that was signed, in base64: their
	// SHA-256 is the plan's digest. A client shows what it reads there, and decides on
	// the digest that it took itself. Only where one request is read.
	SignedPlan string `json:"signedPlan,omitempty"`
	// Altered says in words what the ledger holds of this request otherwise than it was
	// signed. What is shown is what was signed.
	Altered []string `json:"altered,omitempty"`
	// Dropped says that a policy removed all but this: who asked, for what, and who decided.
	// Then the other fields are as a server signed them when it did; in the plan there are
	// the contract and targets alone.
	Dropped *Dropped `json:"dropped,omitempty"`
	// PlanEnvelope is the signed plan as the ledger stores it, verified by nobody.
	PlanEnvelope []byte `json:"-"`
}

// EndedEarly reports whether access ended, or is ending, before ExpiresAt, which then
// says until when it could have lasted.
func (r Request) EndedEarly() bool {
	switch {
	case r.ExpiresAt == nil || r.State != StateEnding && r.State != StateEnded:
		return false
	case r.EndedAt != nil:
		return r.EndedAt.Before(*r.ExpiresAt)
	}
	return r.Outcome != "" && r.Outcome != OutcomeExpired
}

// EndedBy returns the order of a person that ended access, or a request before it opened; nil
// if none did, or its order is not one that a server signed.
func (r Request) EndedBy() *EndOrder {
	for _, o := range r.EndOrders {
		if o.Kind.Outcome() == r.Outcome && (o.Kind == EndRevoke || o.Kind == EndRelease) {
			return &o
		}
	}
	return nil
}

// EndedBecause returns why a condition of its contract ended access, from the timeline;
// empty if none did, or the request was read without its timeline.
func (r Request) EndedBecause() string {
	if r.Outcome != OutcomeCondition {
		return ""
	}
	for _, e := range r.Timeline {
		if e.Kind == EventEndOrdered && e.Actor == ActorContract {
			return e.Message
		}
	}
	return ""
}
