package evidence

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
)

// requireCanonical refuses what would let one statement be written in two ways.
func requireCanonical(e Envelope) error {
	if len(e.Signatures) != 1 || e.Signatures[0].KeyID == "" || !canonical(e.Signatures[0].Sig) || !canonical(e.Payload) {
		return failf("an envelope is not written as Ramp does")
	}
	return nil
}

func (a *verifier) checkPlan() (string, error) {
	if a.Version != PackVersion {
		return "", failf("this is not a %q", PackVersion)
	}
	if err := requireCanonical(a.Pack.Plan); err != nil {
		return "", err
	}
	var err error
	if a.plan, err = a.servers.VerifyPlan(a.Pack.Plan); err != nil {
		return "", err
	}
	if a.plan.RequestID != a.RequestID {
		return "", failf("the plan is for request %s", a.plan.RequestID)
	}
	return fmt.Sprintf("%s for %s, %s, digest %s", a.plan.Contract, a.plan.Requester.ID, a.plan.Duration, a.plan.Digest), nil
}

// checkStatements verifies each statement with the keys of those who may make
// one of its type, and sorts them.
func (a *verifier) checkStatements() (string, error) {
	for i, e := range a.Statements {
		err := requireCanonical(e)
		if err == nil {
			err = a.sortStatement(e)
		}
		if err != nil {
			return "", failf("statement %d: %w", i+1, err)
		}
	}
	return fmt.Sprintf("%d statements: %d decisions, %d openings, %d closings", len(a.Statements), len(a.decisions), len(a.opened), len(a.closed)), nil
}

func (a *verifier) sortStatement(e Envelope) error {
	request, digest := "", a.plan.Digest
	switch e.PayloadType {
	case TypeDecision:
		d, err := a.servers.VerifyDecision(e)
		if err != nil {
			return err
		}
		request, digest = d.RequestID, d.PlanDigest
		a.decisions, a.signed = append(a.decisions, d), append(a.signed, e)
	case TypeEvaluation:
		v, _, err := verified[access.Evaluation](a.servers, e, TypeEvaluation)
		if err != nil {
			return err
		}
		request, digest = v.RequestID, v.PlanDigest
		a.evaluations = append(a.evaluations, v)
	case TypeExtension:
		o, err := a.servers.VerifyExtension(e)
		if err != nil {
			return err
		}
		request, digest = o.RequestID, o.PlanDigest
		a.extensions = append(a.extensions, o)
	case TypeReceipt:
		r, _, err := verified[access.Receipt](a.workers, e, TypeReceipt)
		if err != nil {
			return failf("a worker's receipt: %w", err)
		}
		request = r.RequestID
		by := map[access.ReceiptKind]map[string]access.Receipt{access.ReceiptOpened: a.opened, access.ReceiptClosed: a.closed}[r.Kind]
		if _, twice := by[r.Grant]; twice || by == nil {
			return failf("grant %s is %q twice, or in no way there is", access.Clip(r.Grant, 60), r.Kind)
		}
		by[r.Grant] = r
	default:
		return failf("a statement of type %q belongs to no pack", access.Clip(e.PayloadType, 60))
	}
	if request != a.plan.RequestID || digest != a.plan.Digest {
		return failf("it is about another request or plan")
	}
	return nil
}

// checkManifest holds the pack against the server's list of what belongs to it:
// a denial that was taken out would leave no other trace.
func (a *verifier) checkManifest() (string, error) {
	if err := requireCanonical(a.Manifest); err != nil {
		return "", err
	}
	m, _, err := verified[access.Manifest](a.servers, a.Manifest, TypeManifest)
	if err != nil {
		return "", err
	}
	a.manifest = m
	var statements []string
	for _, e := range a.Statements {
		d, err := PayloadDigest(e)
		if err != nil {
			return "", err
		}
		statements = append(statements, d)
	}
	var leaves []int64
	for _, e := range a.Events {
		leaves = append(leaves, e.Leaf)
	}
	switch {
	case m.RequestID != a.plan.RequestID || m.PlanDigest != a.plan.Digest:
		return "", failf("the manifest is of another pack")
	case !slices.Equal(m.Statements, statements):
		return "", failf("the statements are not those that the server listed")
	case !slices.Equal(m.Leaves, leaves):
		return "", failf("the events are not those that the server listed")
	}
	return fmt.Sprintf("%d statements and %d events, as of %s", len(statements), len(leaves), access.FormatTime(m.At)), nil
}

func (a *verifier) checkContract() (string, error) {
	if DigestOf([]byte(a.Contract.Text)) != a.plan.ContractVersion {
		return "", failf("the text is not that of version %s", access.Clip(a.plan.ContractVersion, 80))
	}
	if a.Contract.Name != a.plan.Contract {
		return "", failf("the plan was made under %q", access.Clip(a.plan.Contract, 80))
	}
	return "version " + a.plan.ContractVersion, nil
}

func (a *verifier) checkEvaluation() (string, error) {
	if len(a.evaluations) != 1 {
		return "", failf("there are %d evaluations, not one", len(a.evaluations))
	}
	if e := a.evaluations[0]; e.Contract != a.plan.Contract || e.ContractVersion != a.plan.ContractVersion {
		return "", failf("it is of another contract")
	}
	return "the server said why, condition by condition", nil
}
