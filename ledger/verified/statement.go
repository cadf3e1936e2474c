package verified

import (
	"crypto/sha256"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Verifier verifies what people are shown; evidence.Keyring is one. Which keys it trusts
// does not change: what it has verified once is remembered.
type Verifier interface {
	VerifyPlan(e evidence.Envelope) (access.Plan, error)
	VerifyDecision(e evidence.Envelope) (access.Decision, error)
	VerifyReview(e evidence.Envelope) (access.Review, error)
	VerifyEnd(e evidence.Envelope) (access.EndOrder, error)
	VerifyExtension(e evidence.Envelope) (access.ExtensionOrder, error)
	VerifyExtensionDecision(e evidence.Envelope) (access.Decision, error)
	evidence.RemovalVerifier
}

// statement is what one signed envelope says: one of these.
type statement struct {
	plan     *access.Plan
	decision *access.Decision
	review   *access.Review
	end      *access.EndOrder
	order    *access.ExtensionOrder // an extension that people decide
	ordered  *access.Decision       // on such an order
}

// statement returns what an envelope says, verified once for each text of the envelope.
// One that is not verified is looked at again whenever it is read.
func (v *Requests) statement(envelope []byte) (statement, error) {
	key := sha256.Sum256(envelope)
	v.mu.Lock()
	s, known := v.statements[key]
	v.mu.Unlock()
	if known {
		return s, nil
	}
	e, err := evidence.ReadEnvelope(envelope)
	if err == nil {
		s, err = v.verify(e)
	}
	if err != nil {
		return statement{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.statements == nil || len(v.statements) >= maxVerified {
		v.statements = map[[sha256.Size]byte]statement{}
	}
	v.statements[key] = s
	return s, nil
}

func (v *Requests) verify(e evidence.Envelope) (s statement, err error) {
	switch e.PayloadType {
	case evidence.TypePlan:
		s.plan, err = pointed(v.Keys.VerifyPlan(e))
	case evidence.TypeDecision:
		s.decision, err = pointed(v.Keys.VerifyDecision(e))
	case evidence.TypeReview:
		s.review, err = pointed(v.Keys.VerifyReview(e))
	case evidence.TypeEnd:
		s.end, err = pointed(v.Keys.VerifyEnd(e))
	case evidence.TypeExtension:
		s.order, err = pointed(v.Keys.VerifyExtension(e))
	case evidence.TypeExtensionDecision:
		s.ordered, err = pointed(v.Keys.VerifyExtensionDecision(e))
	default:
		err = access.Errorf(access.CodeEvidence, "a statement of type %q says nothing of what is shown", access.Clip(e.PayloadType, 80))
	}
	return s, err
}

func pointed[T any](said T, err error) (*T, error) { return &said, err }
