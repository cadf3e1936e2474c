package evidence

import (
	"ramp.dev/ramp/access"
)

// PackContents are the statements of a pack by their types, for people to read. Nothing
// of it was verified; Pack.Verify does that.
type PackContents struct {
	Plan               access.Plan
	Evaluations        []access.Evaluation
	Decisions          []access.Decision
	Extensions         []access.ExtensionOrder
	ExtensionDecisions []access.Decision
	Confirmations      []access.Confirmation
	NotBegun           []access.NotBegun
	Ends               []access.EndOrder
	Reviews            []access.Review
	Receipts           []access.Receipt
}

// Contents reads the statements of a pack. Errors are CodeEvidence for one that cannot be
// read, or whose type belongs to no pack.
func (p Pack) Contents() (c PackContents, err error) {
	if c.Plan, err = ReadPlan(p.Plan); err != nil {
		return c, err
	}
	for i, e := range p.Statements {
		switch e.PayloadType {
		case TypeEvaluation:
			err = add(&c.Evaluations, e)
		case TypeDecision:
			err = add(&c.Decisions, e)
		case TypeExtension:
			err = add(&c.Extensions, e)
		case TypeExtensionDecision:
			err = add(&c.ExtensionDecisions, e)
		case TypeConfirmation:
			err = add(&c.Confirmations, e)
		case TypeNotBegun:
			err = add(&c.NotBegun, e)
		case TypeEnd:
			err = add(&c.Ends, e)
		case TypeReview:
			err = add(&c.Reviews, e)
		case TypeReceipt:
			err = add(&c.Receipts, e)
		default:
			err = failf("a statement of type %q belongs to no pack", access.Clip(e.PayloadType, 60))
		}
		if err != nil {
			return c, failf("statement %d: %w", i+1, err)
		}
	}
	return c, nil
}

func add[T any](to *[]T, e Envelope) error {
	v, _, err := decode[T](e, e.PayloadType)
	if err == nil {
		*to = append(*to, v)
	}
	return err
}

// ReadManifest reads the list of what belongs to a pack without verifying its signature.
// Errors are CodeEvidence.
func ReadManifest(e Envelope) (access.Manifest, error) {
	m, _, err := decode[access.Manifest](e, TypeManifest)
	return m, err
}
