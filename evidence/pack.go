package evidence

import (
	"errors"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// PackVersion is the format of the packs of this version of Ramp.
const PackVersion = "ramp evidence pack 1"

// Pack is everything about one request, for people who have nothing but the
// public keys of Ramp's servers and workers.
type Pack struct {
	Version    string        `json:"version"`
	RequestID  string        `json:"requestId"`
	Plan       Envelope      `json:"plan"`
	Contract   ContractText  `json:"contract"`   // what the plan was made under
	Statements []Envelope    `json:"statements"` // evaluation, decisions, receipts, orders to extend
	Events     []LoggedEvent `json:"events"`     // all of the request's, in order
	Checkpoint string        `json:"checkpoint"` // of the log, signed
	Manifest   Envelope      `json:"manifest"`   // what belongs to this pack, signed
	// Witnessed is an earlier checkpoint that witnesses have cosigned; nil where none are
	// asked.
	Witnessed *Witnessed `json:"witnessed,omitempty"`
}

// Witnessed is a checkpoint of the log that was there before the pack's own, with what
// witnesses have said of it.
type Witnessed struct {
	Checkpoint string      `json:"checkpoint"` // signed, with the lines of the cosignatures
	Proof      []tlog.Hash `json:"proof"`      // RFC 6962 consistency proof from it to the pack's own
}

// ContractText is a contract exactly as it was written.
type ContractText struct {
	Name string `json:"name"`
	Text string `json:"text"` // its sha256 is the plan's contract version
}

// LoggedEvent is an event with the proof that the log holds it.
type LoggedEvent struct {
	Leaf  int64        `json:"leaf"` // its place in the log
	Event access.Event `json:"event"`
	Proof []tlog.Hash  `json:"proof"` // RFC 6962 inclusion proof in the checkpoint's tree
}

// maxPack bounds a pack, in bytes.
const maxPack = 32 << 20

// ReadPack reads a pack strictly. It verifies nothing; errors are CodeInvalid.
func ReadPack(r io.Reader) (Pack, error) {
	var p Pack
	b, err := io.ReadAll(io.LimitReader(r, maxPack+1))
	if err == nil && len(b) > maxPack {
		err = errors.New("it is larger than 32 MiB")
	}
	if err != nil {
		return p, access.Errorf(access.CodeInvalid, "evidence pack: %w", err)
	}
	if err := strictjson.Unmarshal(b, &p); err != nil {
		return p, access.Errorf(access.CodeInvalid, "evidence pack: %w", err)
	}
	return p, nil
}

// PayloadDigest returns the digest of an envelope's payload, for manifests. Errors
// are CodeEvidence for an envelope that is malformed.
func PayloadDigest(e Envelope) (string, error) {
	payload, err := e.DecodeB64Payload()
	if err != nil {
		return "", access.Errorf(access.CodeEvidence, "payload: %w", err)
	}
	return DigestOf(payload), nil
}
