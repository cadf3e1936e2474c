package access

import "time"

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
	Kind      ReceiptKind `json:"kind"`
	At        time.Time   `json:"at"` // UTC
	// What an opening opened, for whom, until when.
	Principal   string      `json:"principal,omitempty"`
	Entitlement Entitlement `json:"entitlement,omitempty"`
	Scope       *Scope      `json:"scope,omitempty"` // what the worker itself resolved the entitlement to
	ExpiresAt   *time.Time  `json:"expiresAt,omitempty"`
	// EndsWithin is how long ending may take on this target; what takes longer is late.
	EndsWithin Duration `json:"endsWithin,omitempty"`
	// What the read-back of a closing found.
	Found *ReadBack `json:"found,omitempty"`
	// Usage is what the target said, at a closing, of how the grant was used; nil if it
	// cannot say.
	Usage *Usage `json:"usage,omitempty"`
}

// ReadBack is what a target found of a grant when it was asked to look.
type ReadBack struct {
	Open     bool `json:"open"`     // the entitlement exists
	Sessions int  `json:"sessions"` // live sessions or unexpired secrets that came from it, as far as the target can tell
	// Again says that the entitlement is there, and not by this grant: it was read back as
	// gone before, and somebody else has given it since.
	Again bool `json:"-"`
}

// Gone reports whether nothing is left of the grant.
func (r ReadBack) Gone() bool { return !r.Open && r.Sessions == 0 }
