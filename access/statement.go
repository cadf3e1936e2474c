package access

import (
	"encoding/json"
	"time"
)

// Statement is a signed statement about a request, as the ledger keeps it for
// the evidence pack.
type Statement struct {
	RequestID string
	Key       string          // unique within the request; a second statement with it changes nothing
	Envelope  json.RawMessage // DSSE
}

// Evaluation is the server's statement of why a contract evaluated as it did.
type Evaluation struct {
	RequestID       string          `json:"requestId"`
	PlanDigest      string          `json:"planDigest"`
	Contract        string          `json:"contract"`
	ContractVersion string          `json:"contractVersion"`
	Trace           json.RawMessage `json:"trace"` // each condition, its result, and why
	// History is what the record said of the requester's earlier requests, if the
	// contract reads it. With the plan it is all that the evaluation depends on.
	History *History  `json:"history,omitempty"`
	At      time.Time `json:"at"` // UTC
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
