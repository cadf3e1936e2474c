package access

import "time"

// ExtensionOrder moves the end of a live request, within what its plan allows.
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
