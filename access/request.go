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
	Overdue    bool          `json:"overdue,omitempty"`    // ending for longer than the target's bound
	Problem    string        `json:"problem,omitempty"`    // what went wrong last, for people
	Review     *Review       `json:"review,omitempty"`     // of a use of break glass
	Timeline   []Event       `json:"timeline,omitempty"`   // with the latest refusals only
	Refusals   int           `json:"refusals,omitempty"`   // earlier ones, which the timeline leaves out
}
