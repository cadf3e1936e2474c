package access

import "time"

// Verdict is what one person says of a plan.
type Verdict string

const (
	Approve Verdict = "approve"
	Deny    Verdict = "deny"
)

// Decision is one person's verdict on one plan digest.
type Decision struct {
	RequestID  string   `json:"requestId"`
	PlanDigest string   `json:"planDigest"`
	Verdict    Verdict  `json:"decision"`
	Approver   Person   `json:"approver"`      // groups as they were at decision time
	Via        Via      `json:"via,omitempty"` // through what they decided
	Comment    string   `json:"comment,omitempty"`
	Confirmed  []string `json:"confirmed,omitempty"` // the rule's statements that the approver confirmed
	// UpTo and StartAt say yes to less than the plan: to a shorter length, a later
	// start. See Plan.Narrowed.
	UpTo    Duration   `json:"upTo,omitempty"`
	StartAt *time.Time `json:"startAt,omitempty"` // UTC
	At      time.Time  `json:"at"`                // UTC
	// OnCall is who was on call then, for the schedules that the rule names.
	OnCall []Fact `json:"onCall,omitempty"`
	// Passkey is the approver's own signature, where the rule wants one. Package
	// passkey verifies it.
	Passkey *Assertion `json:"passkey,omitempty"`
}
