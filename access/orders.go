package access

import "time"

// ExtensionOrder moves the end of active access, within what its plan allows.
// The server signs it; the worker checks it against the plan.
type ExtensionOrder struct {
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	Number     int       `json:"number"` // the first extension is 1
	Adds       Duration  `json:"adds"`   // to the length of access
	By         Person    `json:"by"`
	Via        Via       `json:"via,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	At         time.Time `json:"at"` // UTC
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
