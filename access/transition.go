package access

import "time"

// Transition is one step in the life of a request, as a workflow or an activity
// records it in the ledger. Zero and nil fields change nothing.
type Transition struct {
	RequestID  string        `json:"requestId"`
	To         State         `json:"to,omitempty"`
	Outcome    Outcome       `json:"outcome,omitempty"`
	At         time.Time     `json:"at"` // UTC
	ActiveAt   *time.Time    `json:"activeAt,omitempty"`
	ExpiresAt  *time.Time    `json:"expiresAt,omitempty"`
	Stages     []StageStatus `json:"stages,omitempty"`
	Decisions  []Decision    `json:"decisions,omitempty"`
	Extensions *int          `json:"extensions,omitempty"`
	Overdue    *bool         `json:"overdue,omitempty"`
	Problem    *string       `json:"problem,omitempty"`
	Events     []Event       `json:"events,omitempty"`
	// StartAt is the planned start as the approvals leave it; nil leaves the plan's. Like
	// statements, only an activity that has verified the approvals sets it.
	StartAt *time.Time `json:"-"`
	// Usage is what a target said of how a grant was used that is closed; it stands in the
	// event of the closing. Only the activity that closed it sets it.
	Usage *Usage `json:"-"`
	// Statements never travel in a message: only an activity that has verified a
	// statement may add it.
	Statements []Statement `json:"-"`
}

// Activation returns the transition of a request whose access is usable from at
// until expires. The workflow records it, or the activity that opened the only
// grant.
func Activation(requestID string, at, expires time.Time) Transition {
	return Transition{RequestID: requestID, To: StateActive, At: at, ActiveAt: &at, ExpiresAt: &expires,
		Events: []Event{{RequestID: requestID, At: at, Kind: EventAccessActive, Actor: ActorRamp, Key: KeyActive,
			Detail: map[string]string{"expiresAt": expires.Format(time.RFC3339)}}}}
}

// Ending returns the transition of a request whose access is to be closed.
func Ending(requestID string, o Outcome, at time.Time) Transition {
	return Transition{RequestID: requestID, To: StateEnding, Outcome: o, At: at, Events: []Event{{RequestID: requestID, At: at,
		Kind: EventAccessEnding, Actor: ActorRamp, Key: KeyEnding, Detail: map[string]string{"outcome": string(o)}}}}
}

// Ended returns the transition of a request whose access was read back as gone.
func Ended(requestID string, o Outcome, at time.Time) Transition {
	return Transition{RequestID: requestID, To: StateEnded, Outcome: o, At: at, Overdue: new(bool), Events: []Event{{RequestID: requestID, At: at,
		Kind: EventAccessEnded, Actor: ActorRamp, Key: KeyEnded, Message: "Read back as gone.", Detail: map[string]string{"outcome": string(o)}}}}
}

// DecisionRecorded returns the transition that records a decision with its signed
// statement, and nothing of what the decisions amount to. A denial is recorded by the
// server that took it, before it is sent, and once more by the worker that verified
// it: that adds nothing.
func DecisionRecorded(d Decision, envelope []byte) Transition {
	key := KeyDecision(d)
	return Transition{RequestID: d.RequestID, At: d.At,
		Events: []Event{{At: d.At, Kind: EventDecisionRecorded, Actor: d.Approver.ID, Message: d.Comment, Key: key,
			Detail: d.Via.Detail(map[string]string{"decision": string(d.Verdict), "planDigest": d.PlanDigest})}},
		Statements: []Statement{{Key: key, Envelope: envelope}}}
}
