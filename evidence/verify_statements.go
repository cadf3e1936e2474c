package evidence

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
)

// requireCanonical refuses an envelope that is not in canonical form, so that one
// statement has one text.
func requireCanonical(e Envelope) error {
	if len(e.Signatures) != 1 || e.Signatures[0].KeyID == "" || !canonical(e.Signatures[0].Sig) || !canonical(e.Payload) {
		return failf("the envelope is not in canonical form")
	}
	return nil
}

func (v *verifier) checkPlan() (string, error) {
	if v.Version != PackVersion {
		return "", failf("this is not a %q", PackVersion)
	}
	if err := requireCanonical(v.Pack.Plan); err != nil {
		return "", err
	}
	var err error
	if v.plan, err = v.servers.VerifyPlan(v.Pack.Plan); err != nil {
		return "", err
	}
	v.proof.Plan = v.plan
	if v.plan.RequestID != v.RequestID {
		return "", failf("the plan is for request %s", v.plan.RequestID)
	}
	return fmt.Sprintf("%s for %s, %s, digest %s", v.plan.Contract, v.plan.Requester.ID, v.plan.Duration, v.plan.Digest), nil
}

// checkStatements verifies each statement with the keys of those who may make
// one of its type, and sorts them.
func (v *verifier) checkStatements() (string, error) {
	for i, e := range v.Statements {
		err := requireCanonical(e)
		if err == nil {
			err = v.sortStatement(e)
		}
		if err != nil {
			return "", failf("statement %d: %w", i+1, err)
		}
	}
	return fmt.Sprintf("%d in all; decisions: %d, openings: %d, closings: %d", len(v.Statements), len(v.proof.Decisions), len(v.opened), len(v.closed)), nil
}

// sortStatement verifies one statement with the keys of those who may make one of
// its type, and adds it to the others of the type.
func (v *verifier) sortStatement(e Envelope) error {
	request, digest := "", v.plan.Digest
	switch e.PayloadType {
	case TypeDecision:
		d, err := v.servers.VerifyDecision(e)
		if err != nil {
			return err
		}
		request, digest = d.RequestID, d.PlanDigest
		v.proof.Decisions = append(v.proof.Decisions, d)
	case TypeEvaluation:
		made, _, err := verified[access.Evaluation](v.servers, e, TypeEvaluation)
		if err != nil {
			return err
		}
		request, digest = made.RequestID, made.PlanDigest
		v.evaluations = append(v.evaluations, made)
	case TypeExtension:
		o, err := v.servers.VerifyExtension(e)
		if err != nil {
			return err
		}
		request, digest = o.RequestID, o.PlanDigest
		v.proof.Extensions = append(v.proof.Extensions, o)
	case TypeEnd:
		o, _, err := verified[access.EndOrder](v.servers, e, TypeEnd)
		if err != nil { // a worker orders the end of who has left
			o, _, err = verified[access.EndOrder](v.workers, e, TypeEnd)
		}
		if err != nil {
			return failf("an order to end: %w", err)
		}
		request, digest = o.RequestID, o.PlanDigest
		v.proof.Ends = append(v.proof.Ends, o)
	case TypeConfirmation:
		c, _, err := verified[access.Confirmation](v.servers, e, TypeConfirmation)
		if err != nil {
			return err
		}
		request, digest = c.RequestID, c.PlanDigest
		v.proof.Confirmations = append(v.proof.Confirmations, c)
	case TypeReview:
		r, err := v.servers.VerifyReview(e)
		if err != nil {
			return err
		}
		request, digest = r.RequestID, r.PlanDigest
		v.reviews = append(v.reviews, r)
	case TypeReceipt:
		claimed, _, err := decode[access.Receipt](e, TypeReceipt)
		if err != nil {
			return failf("a worker's receipt: %w", err)
		}
		r, _, err := verified[access.Receipt](v.workers.ForTarget(claimed.Target), e, TypeReceipt)
		if err != nil {
			return failf("a worker's receipt: %w", err)
		}
		request = r.RequestID
		by := map[access.ReceiptKind]map[string]access.Receipt{access.ReceiptOpened: v.opened, access.ReceiptClosed: v.closed}[r.Kind]
		if _, twice := by[r.Grant]; twice || by == nil {
			return failf("grant %s has two receipts of kind %q, or that kind does not exist", access.Clip(r.Grant, 60), r.Kind)
		}
		by[r.Grant] = r
		if r.Kind == access.ReceiptOpened {
			v.proof.Openings = append(v.proof.Openings, r)
		}
	default:
		return failf("a statement of type %q belongs to no pack", access.Clip(e.PayloadType, 60))
	}
	if request != v.plan.RequestID || digest != v.plan.Digest {
		return failf("it is about another request or plan")
	}
	return nil
}

// checkManifest compares the pack with the server's signed list of what belongs to
// it: a denial that was taken out would leave no other trace.
func (v *verifier) checkManifest() (string, error) {
	if err := requireCanonical(v.Manifest); err != nil {
		return "", err
	}
	m, _, err := verified[access.Manifest](v.servers, v.Manifest, TypeManifest)
	if err != nil {
		return "", err
	}
	v.manifest = m
	var statements []string
	for _, e := range v.Statements {
		d, err := PayloadDigest(e)
		if err != nil {
			return "", err
		}
		statements = append(statements, d)
	}
	var leaves []int64
	for _, e := range v.Events {
		leaves = append(leaves, e.Leaf)
	}
	switch {
	case m.RequestID != v.plan.RequestID || m.PlanDigest != v.plan.Digest:
		return "", failf("the manifest is of another pack")
	case !slices.Equal(m.Statements, statements):
		return "", failf("the statements are not those that the server listed")
	case !slices.Equal(m.Leaves, leaves):
		return "", failf("the events are not those that the server listed")
	}
	return fmt.Sprintf("%d statements and %d events, as of %s", len(statements), len(leaves), access.FormatTime(m.At)), nil
}

func (v *verifier) checkContract() (string, error) {
	if DigestOf([]byte(v.Contract.Text)) != v.plan.ContractVersion {
		return "", failf("the text is not that of version %s", access.Clip(v.plan.ContractVersion, 80))
	}
	if v.Contract.Name != v.plan.Contract {
		return "", failf("the plan was made under %q", access.Clip(v.plan.Contract, 80))
	}
	return "version " + v.plan.ContractVersion, nil
}

func (v *verifier) checkEvaluation() (string, error) {
	if len(v.evaluations) != 1 {
		return "", failf("there are %d evaluations, not one", len(v.evaluations))
	}
	if e := v.evaluations[0]; e.Contract != v.plan.Contract || e.ContractVersion != v.plan.ContractVersion {
		return "", failf("it is of another contract")
	}
	return "the server stated the result of each condition", nil
}
