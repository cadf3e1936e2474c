package evidence

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"sync"

	"ramp.dev/ramp/access"
)

// recordType begins the payload types of records that the ledger keeps and nobody
// believes for being there. None passes for a statement about a request.
const recordType = "application/vnd.ramp.record."

// Notary signs and verifies the ledger's records about people. It is safe for
// concurrent use.
type Notary struct {
	signer *Signer // nil: signs nothing
	keys   Keyring

	mu       sync.Mutex
	verified map[[sha256.Size]byte][]byte // records, by the digest of what was verified
}

// NewNotary returns a notary that signs with signer, which may be nil, and verifies
// with keys.
func NewNotary(signer *Signer, keys Keyring) *Notary {
	return &Notary{signer: signer, keys: keys, verified: map[[sha256.Size]byte][]byte{}}
}

// Sign returns a signed record. Errors are CodeForbidden for a process that signs
// nothing, and CodeUnavailable for a key that does not sign.
func (n *Notary) Sign(kind access.RecordKind, record []byte) (string, error) {
	if n.signer == nil {
		return "", access.Errorf(access.CodeForbidden, "this process signs no records about people; servers do")
	}
	e, err := signed(n.signer, recordType+string(kind)+"+json", json.RawMessage(record))
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(e)
	return string(b), err
}

// maxVerified bounds how many verified records are remembered.
const maxVerified = 20_000

// Verify returns the record of that kind that a trusted key signed. Errors are
// CodeEvidence. What was verified once is remembered by its digest, since the same
// people are asked about again and again.
func (n *Notary) Verify(kind access.RecordKind, signed string) ([]byte, error) {
	id := sha256.Sum256([]byte(string(kind) + "\n" + signed))
	n.mu.Lock()
	record, ok := n.verified[id]
	n.mu.Unlock()
	if ok {
		return record, nil
	}
	e, err := ReadEnvelope([]byte(signed))
	if err != nil {
		return nil, err
	}
	_, record, err = verified[json.RawMessage](n.keys, e, recordType+string(kind)+"+json")
	if err != nil {
		return nil, access.Errorf(access.CodeEvidence, "the record of kind %s: %w", kind, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.verified) >= maxVerified {
		clear(n.verified)
	}
	n.verified[id] = record
	return record, nil
}

// Own reports whether a signed record names this notary's own key as the signer's.
func (n *Notary) Own(signed string) bool {
	return n.signer == nil || strings.Contains(signed, `"keyid":"`+n.signer.KeyID()+`"`)
}
