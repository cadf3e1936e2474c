package access

import "time"

// ExtensionOrder moves the end of active access, within what its plan allows.
// The server signs it; the worker checks it against the plan.
//
// From is the end that the order starts from: the new end is From and what the
// order adds. So an order fits once, at one place, however often and with whatever
// else it is sent (docs/threats.md, case 55).
type ExtensionOrder struct {
	// Digest is the order's own, taken over the bytes that were signed, and no part of
	// them. Where the plan wants extensions decided, people decide on it.
	Digest     string    `json:"digest,omitempty"`
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	Number     int       `json:"number"` // the first extension is 1
	From       time.Time `json:"from"`   // UTC, whole seconds
	Adds       Duration  `json:"adds"`   // to the length of access
	By         Person    `json:"by"`
	Via        Via       `json:"via,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	At         time.Time `json:"at"` // UTC
}

// EndKind says who ended a request, and how.
type EndKind string

const (
	EndCancel   EndKind = "cancel"   // the requester no longer wants it
	EndRelease  EndKind = "release"  // the requester is done
	EndRevoke   EndKind = "revoke"   // somebody else ends it
	EndOffboard EndKind = "offboard" // the requester has left
	// EndByCondition is of an order that a condition of the plan gave; see EndCondition.
	EndByCondition EndKind = "condition"
)

// Outcome returns why access ends that such an order ends.
func (k EndKind) Outcome() Outcome {
	switch k {
	case EndOffboard:
		return OutcomeOffboarded
	case EndRevoke:
		return OutcomeRevoked
	case EndByCondition:
		return OutcomeCondition
	}
	return OutcomeReleased
}

// EndOrder ends a request, whatever its state. It is written to the ledger before
// it is sent to anybody and before it is answered: from then on nothing opens,
// extends or mints for the request, and what is open is closed, even if the workflow
// never gets it (docs/threats.md, case 57). The server signs it, or the worker that
// found that the requester has left; the signature is for those who read the
// evidence. Ramp acts on an order to end without verifying it: a forged one can only
// end access, which anybody who could forge it can do anyway.
type EndOrder struct {
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	Kind       EndKind   `json:"kind"`
	By         string    `json:"by"` // a person's id, ActorDirectory or ActorContract
	Via        Via       `json:"via,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	At         time.Time `json:"at"` // UTC
	// EndedBy says which condition of the plan gave the order; nil: none did.
	EndedBy *EndedBy `json:"endedBy,omitempty"`
}

// Confirmation is the server's statement, made when the planned start of an
// approved request comes, that these are all decisions and that nobody has ended
// the request. An approval alone opens nothing days after it was given: somebody who
// writes to the ledger and to Temporal could have taken away a denial that came
// meanwhile (docs/threats.md, case 60).
type Confirmation struct {
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	Decisions  []string  `json:"decisions"` // KeyDecision of each, sorted
	At         time.Time `json:"at"`        // UTC
}

// PickUpOrder asks for a credential of one grant, sealed to Recipient. The server
// signs it only for the requester, so that a message sent straight to Temporal
// with somebody else's key mints nothing.
type PickUpOrder struct {
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	Grant      string    `json:"grant"`     // the grant's name
	Recipient  string    `json:"recipient"` // HPKE public key, base64
	By         Person    `json:"by"`
	Via        Via       `json:"via,omitempty"`
	At         time.Time `json:"at"` // UTC
}

// Delivery is a worker's statement that it made a sealed credential for an order.
// The worker signs it with its own key, so that nobody else who responds in the
// workflow's place can hand out a credential (docs/threats.md, case 54).
type Delivery struct {
	RequestID string    `json:"requestId"`
	Grant     string    `json:"grant"`
	Recipient string    `json:"recipient"` // as in the order
	Box       string    `json:"box"`       // SHA-256 of the sealed credential, in hexadecimal
	At        time.Time `json:"at"`        // UTC
}
