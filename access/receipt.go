package access

import (
	"encoding/json"
	"time"
)

// ReceiptKind is what a worker did with a grant.
type ReceiptKind string

const (
	ReceiptOpened ReceiptKind = "opened"
	ReceiptClosed ReceiptKind = "closed"
)

// Receipt is a worker's statement that it opened a grant on its target, or
// closed it and read back that it is gone. The worker signs it with its own
// key: a server that lies about what happened cannot make one.
type Receipt struct {
	RequestID string      `json:"requestId"`
	Grant     string      `json:"grant"`
	Target    string      `json:"target"`
	Kind      ReceiptKind `json:"act"`
	At        time.Time   `json:"at"` // UTC
	// Of an opening: what was opened, for whom, until when.
	Principal   string      `json:"principal,omitempty"`
	Entitlement Entitlement `json:"entitlement,omitempty"`
	ExpiresAt   *time.Time  `json:"expiresAt,omitempty"`
	// Of a closing: what the read-back found.
	Found *ReadBack `json:"found,omitempty"`
}

// ReadBack is what a target found of a grant when it was asked to look.
type ReadBack struct {
	Open     bool `json:"open"`     // the entitlement exists
	Sessions int  `json:"sessions"` // live sessions or unexpired secrets that came from it, as far as the target can tell
}

// Gone reports whether nothing is left of the grant.
func (r ReadBack) Gone() bool { return !r.Open && r.Sessions == 0 }

// Evaluation is the server's statement of why a contract answered as it did.
type Evaluation struct {
	RequestID       string          `json:"requestId"`
	PlanDigest      string          `json:"planDigest"`
	Contract        string          `json:"contract"`
	ContractVersion string          `json:"contractVersion"`
	Trace           json.RawMessage `json:"trace"` // each condition, what it said, and why
	At              time.Time       `json:"at"`    // UTC
}

// Manifest is the server's statement of what belongs to an evidence pack, so
// that nothing can be left out of one unseen.
type Manifest struct {
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	State      State     `json:"state"`
	Statements []string  `json:"statements"` // digests of their payloads, in order
	Leaves     []int64   `json:"leaves"`     // places of the request's events in the log
	Size       int64     `json:"size"`       // of the log at that time
	At         time.Time `json:"at"`         // UTC
}
