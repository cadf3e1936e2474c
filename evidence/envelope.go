package evidence

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// Envelope is a signed statement: a DSSE envelope.
type Envelope = dsse.Envelope

// The payload types. A statement of one type never passes for another.
const (
	TypePlan      = "application/vnd.ramp.plan+json"
	TypeDecision  = "application/vnd.ramp.decision+json"
	TypeExtension = "application/vnd.ramp.extension+json"
	// TypeExtensionDecision is of a decision on an order to extend.
	TypeExtensionDecision = "application/vnd.ramp.extension-decision+json"
	TypePickUp            = "application/vnd.ramp.pickup+json"
	TypeEnd               = "application/vnd.ramp.end+json"
	// TypeConfirmation is of a planned start.
	TypeConfirmation = "application/vnd.ramp.confirmation+json"
	// TypeNotBegun is of a grant that was never opened and cannot be any more.
	TypeNotBegun = "application/vnd.ramp.not-begun+json"
	// Statements that only evidence packs contain.
	TypeReview     = "application/vnd.ramp.review+json"
	TypeEvaluation = "application/vnd.ramp.evaluation+json"
	TypeReceipt    = "application/vnd.ramp.receipt+json"
	TypeManifest   = "application/vnd.ramp.manifest+json"
	// TypeContracts is of a set of contracts that came into force; it is about no request alone.
	TypeContracts = "application/vnd.ramp.contracts+json"
	// What a worker returns to a server, which nothing stores.
	TypeDelivery   = "application/vnd.ramp.delivery+json"
	TypeResolution = "application/vnd.ramp.resolution+json"
	// TypeInventory is of a list of what a target has; the ledger keeps the latest.
	TypeInventory = "application/vnd.ramp.inventory+json"
	// TypeTargetState is of whether a target can be used; the ledger keeps the latest.
	TypeTargetState = "application/vnd.ramp.target-state+json"
	// TypeWorkerKeys is of the workers' keys that a server accepts; the ledger keeps the latest.
	TypeWorkerKeys = "application/vnd.ramp.worker-keys+json"
)

// DigestOf returns the digest of a payload, which is what people approve: it is
// over the exact bytes that were signed.
func DigestOf(payload []byte) string {
	sum := sha256.Sum256(payload)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// decode reads a payload strictly: a field that this version does not know might
// narrow what was meant, so that a statement with one is refused. Errors are
// CodeEvidence.
func decode[T any](e Envelope, wantType string) (T, []byte, error) {
	var v T
	if e.PayloadType != wantType {
		return v, nil, access.Errorf(access.CodeEvidence, "a statement of type %q was given where %q is needed",
			access.Clip(e.PayloadType, 60), wantType)
	}
	payload, err := e.DecodeB64Payload()
	if err != nil {
		return v, nil, access.Errorf(access.CodeEvidence, "payload: %w", err)
	}
	if !canonical(e.Payload) {
		return v, nil, access.Errorf(access.CodeEvidence, "the payload is not in standard base64")
	}
	if err := strictjson.Unmarshal(payload, &v); err != nil {
		return v, nil, access.Errorf(access.CodeEvidence, "payload: %w", err)
	}
	return v, payload, nil
}

// ReadEnvelope reads an envelope as it is stored, strictly. It verifies nothing.
// Errors are CodeEvidence.
func ReadEnvelope(b []byte) (e Envelope, err error) {
	if err := strictjson.Unmarshal(b, &e); err != nil {
		return Envelope{}, access.Errorf(access.CodeEvidence, "envelope: %w", err)
	}
	return e, nil
}

// ReadPlan reads a plan without verifying its signature, for display and for
// workflows, which open nothing themselves. It sets Digest. Errors are CodeEvidence.
func ReadPlan(e Envelope) (access.Plan, error) {
	plan, payload, err := decode[access.Plan](e, TypePlan)
	if err != nil {
		return plan, err
	}
	plan.Digest = DigestOf(payload)
	return plan, nil
}

// ReadExtension reads an order to extend without verifying its signature. Errors
// are CodeEvidence.
func ReadExtension(e Envelope) (access.ExtensionOrder, error) {
	v, payload, err := decode[access.ExtensionOrder](e, TypeExtension)
	if err == nil {
		v.Digest = DigestOf(payload)
	}
	return v, err
}

// ReadDecision reads a decision without verifying its signature. Errors are
// CodeEvidence.
func ReadDecision(e Envelope) (access.Decision, error) {
	v, _, err := decode[access.Decision](e, TypeDecision)
	return v, err
}

// ReadPickUp reads a pick-up order without verifying its signature. Errors are
// CodeEvidence.
func ReadPickUp(e Envelope) (access.PickUpOrder, error) {
	v, _, err := decode[access.PickUpOrder](e, TypePickUp)
	return v, err
}
